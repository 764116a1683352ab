/**
 * Chooses the policy that a filter goes into. Of several policies for one target Envoy Gateway applies the oldest, so an
 * existing policy decides. A deployment that would attach the filter elsewhere, or replace another filter, is refused.
 */
import { isDeepStrictEqual } from 'node:util';
import { WasmeError } from '../../errors.ts';
import { type KubeObject, isOurs, showObject } from '../kubernetes/objects.ts';
import { sharedIds } from '../kubernetes/shared.ts';
import { type EnvoyGatewayOptions, type PolicyTarget, parseSelector, sameTarget } from './options.ts';
import { filtersOf, mergeTypeOf, targetsOf } from './policies.ts';

/** undefined: a new policy. Fails with KUBE_CONFLICT. */
export function hostPolicy(
  id: string,
  options: EnvoyGatewayOptions,
  targets: readonly PolicyTarget[],
  policies: readonly KubeObject[],
): KubeObject | undefined {
  const called = (name: string | undefined): KubeObject | undefined =>
    policies.find(({ metadata }) => metadata.name === name);
  const named = called(options.policy);
  const holder = policies.find(policy => sharedIds(policy).includes(id));
  const rival = policies.find(policy => targetsOf(policy).some(a => targets.some(b => sameTarget(a, b))));
  const host = named ?? holder ?? rival;
  if (host === undefined) {
    const taken = options.policy === undefined ? called(id) : undefined;
    if (taken === undefined || !isOurs(taken)) return undefined;
    throw conflict(taken, 'holds other filters, for another target', 'name a new policy with --policy');
  }
  const { name } = host.metadata;
  if (holder !== undefined && holder !== host) {
    throw conflict(holder, `has ${id} already`, undeployFirst(id, holder));
  }
  if (rival !== undefined && rival !== host) {
    const hint =
      holder === undefined ? `add --policy ${rival.metadata.name} instead` : undeployFirst(id, holder);
    throw conflict(rival, oneForAll, hint);
  }
  const foreign = !isOurs(host) && holder === undefined && named === undefined;
  if (foreign || (options.policy !== undefined && named === undefined)) {
    throw holder === undefined
      ? conflict(host, oneForAll, `add --policy ${name} to put the filter into it`)
      : conflict(host, `has ${id} already`, undeployFirst(id, host));
  }
  const alone = isOurs(host) && filtersOf(host).every(filter => filter['name'] === id);
  if (alone || isAttached(host, targets, options)) return host;
  throw conflict(
    host,
    'holds other filters too, and is attached otherwise than was asked',
    holder === undefined
      ? 'ask for what it is attached to (--diff shows it), or name a new policy with --policy'
      : undeployFirst(id, host),
  );
}

const oneForAll = 'already extends this target, and Envoy Gateway obeys one policy per target';

/** Returns true when the policy is attached to every target and selector of the request, with the requested merge type. */
function isAttached(
  policy: KubeObject,
  targets: readonly PolicyTarget[],
  { selectors = [], merge }: EnvoyGatewayOptions,
): boolean {
  const chosen = (policy.spec?.['targetSelectors'] ?? []) as readonly object[];
  return (
    targets.every(target => targetsOf(policy).some(other => sameTarget(target, other))) &&
    selectors.map(parseSelector).every(wanted => chosen.some(other => isDeepStrictEqual(wanted, other))) &&
    (merge === undefined || policy.spec?.['mergeType'] === mergeTypeOf(merge))
  );
}

function undeployFirst(id: string, { metadata }: KubeObject): string {
  const { namespace = 'default' } = metadata;
  return `take it out first: wasme undeploy envoy-gateway --id ${id} --namespace ${namespace}`;
}

function conflict(policy: KubeObject, what: string, hint: string): WasmeError {
  const details = { policy: policy.metadata.name };
  return new WasmeError('KUBE_CONFLICT', `${showObject(policy)} ${what}`, { hint, details });
}
