/** Reads the conditions that Envoy Gateway reports on the policy with the filter. They do not show what its proxies run. */
import type { SystemContext } from '../../io/system-context.ts';
import { type KubeObject, showObject } from '../kubernetes/objects.ts';
import { listObjects } from '../kubernetes/read.ts';
import { sharedIds } from '../kubernetes/shared.ts';
import type { StatusRequest, StatusRow, StatusState } from '../target.ts';
import type { EnvoyGatewayOptions } from './options.ts';
import { extensionPolicies, filtersOf } from './policies.ts';
import type { Ancestor, Condition } from './schema.ts';

/** Returns the ids of the filters that wasme deployed. */
export async function policyNames(
  options: EnvoyGatewayOptions,
  system: SystemContext,
): Promise<readonly string[]> {
  const namespace = options.namespace ?? 'default';
  const policies = await listObjects(extensionPolicies, { namespace }, options, system);
  return [...new Set(policies.flatMap(sharedIds))].sort();
}

/** One row per Gateway that the policy reaches, as the controller names them. */
export async function policyStatus(
  { id, expected }: StatusRequest,
  options: EnvoyGatewayOptions,
  system: SystemContext,
): Promise<readonly StatusRow[]> {
  const namespace = options.namespace ?? 'default';
  const policies = await listObjects(extensionPolicies, { namespace }, options, system);
  const row = { filter: id, expected, restarts: 0 };
  const holder = policies.find(policy => sharedIds(policy).includes(id));
  const item = filtersOf(holder).find(({ name }) => name === id);
  if (holder === undefined || item === undefined) {
    const where = holder === undefined ? `namespace ${namespace}` : showObject(holder);
    const detail = 'no policy has a filter of this name that was deployed by wasme';
    return [{ ...row, where, digest: undefined, state: 'missing', detail }];
  }
  const hex = item.code?.image?.sha256 ?? item.code?.http?.sha256;
  const digest = hex === undefined ? undefined : `sha256:${hex}`;
  if (expected !== undefined && digest !== undefined && digest !== expected) {
    const detail = 'the policy names another image: deploy again';
    return [{ ...row, where: showObject(holder), digest, state: 'other-digest', detail }];
  }
  const ancestors = (holder.status?.['ancestors'] ?? []) as readonly Ancestor[];
  if (ancestors.length === 0) {
    const detail = 'Envoy Gateway has not looked at the policy: does its target exist?';
    return [{ ...row, where: showObject(holder), digest, state: 'missing', detail }];
  }
  return ancestors.map(ancestor => {
    const { kind = 'Gateway', name = '', sectionName } = ancestor.ancestorRef ?? {};
    const [state, detail] = verdict(ancestor.conditions ?? [], holder, item.failOpen === true);
    return {
      ...row,
      where: `${kind}/${name}${sectionName === undefined ? '' : `:${sectionName}`}`,
      digest,
      state,
      detail,
    };
  });
}

function verdict(
  conditions: readonly Condition[],
  policy: KubeObject,
  failOpen: boolean,
): [StatusState, string] {
  const find = (type: string, status: string): Condition | undefined =>
    conditions.find(condition => condition.type === type && condition.status === status);
  const said = ({ reason, message }: Condition): string =>
    [reason, message?.trim()].filter(Boolean).join(': ');
  const generation = policy.metadata.generation ?? 0;
  if (
    conditions.length > 0 &&
    conditions.every(({ observedGeneration = generation }) => observedGeneration < generation)
  ) {
    return ['missing', 'Envoy Gateway has not looked at the last change yet'];
  }
  const refused = find('Accepted', 'False');
  if (refused !== undefined) {
    return refused.reason === 'Invalid' && failOpen
      ? ['fail-open', `${said(refused)}; traffic passes without it`]
      : ['rejected', said(refused)];
  }
  const overridden = find('Overridden', 'True');
  const accepted = find('Accepted', 'True') !== undefined;
  // Envoy Gateway sets both on the policy of a Gateway when one of its routes has a policy of its own.
  if (overridden !== undefined) {
    return accepted
      ? ['loaded', `as Envoy Gateway reports it, but not everywhere: ${said(overridden)}`]
      : ['missing', `another policy takes its place: ${said(overridden)}`];
  }
  if (!accepted) return ['missing', 'Envoy Gateway has not decided yet'];
  return ['loaded', 'as Envoy Gateway reports it; what its proxies run cannot be seen from here'];
}
