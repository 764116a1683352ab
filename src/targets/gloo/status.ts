/** Reads the state that Gloo reports for the Gateways with the filter. It does not show what the proxies run. */
import type { SystemContext } from '../../io/system-context.ts';
import { type KubeObject, showObject } from '../kubernetes/objects.ts';
import { sharedIds } from '../kubernetes/shared.ts';
import { formsOf, readForms } from './forms.ts';
import type { GlooOptions } from './options.ts';
import type { Report } from './schema.ts';
import type { StatusRequest, StatusRow, StatusState } from '../target.ts';

// Older versions wrote the number of the protobuf enum.
const names = ['Pending', 'Accepted', 'Rejected', 'Warning'] as const;

/** Returns the ids of the filters that wasme deployed. */
export async function glooFilters(options: GlooOptions, system: SystemContext): Promise<readonly string[]> {
  const { namespaces } = options;
  const objects = await readForms(formsOf(options.kinds, true), { namespaces }, options, system);
  return [...new Set(objects.flatMap(({ object }) => sharedIds(object)))].sort();
}

/** One row per object with the filter. */
export async function glooStatus(
  { id, expected }: StatusRequest,
  options: GlooOptions,
  system: SystemContext,
): Promise<readonly StatusRow[]> {
  const { namespaces } = options;
  const objects = await readForms(formsOf(options.kinds, true), { namespaces }, options, system);
  const ours = objects.filter(({ object }) => sharedIds(object).includes(id));
  const row = { filter: id, expected, restarts: 0 };
  if (ours.length === 0) {
    const detail = 'no Gateway has a filter of this name that was deployed by wasme';
    return [{ ...row, where: 'Gateway', digest: undefined, state: 'missing', detail }];
  }
  return ours.map(({ form, object: gateway }) => {
    const image = imageOf(gateway, form.list, id);
    const digest = /@(sha256:[0-9a-f]{64})$/.exec(image ?? '')?.[1];
    const where = showObject(gateway);
    if (image === undefined) {
      return {
        ...row,
        where,
        digest,
        state: 'missing',
        detail: 'the filter was removed from the Gateway',
      };
    }
    if (expected !== undefined && digest !== undefined && digest !== expected) {
      return {
        ...row,
        where,
        digest,
        state: 'other-digest',
        detail: 'the Gateway names another image: deploy again',
      };
    }
    const [state, detail] = verdict(gateway);
    return { ...row, where, digest, state, detail };
  });
}

function imageOf(gateway: KubeObject, list: readonly string[], id: string): string | undefined {
  const filters = list.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    gateway,
  );
  if (!Array.isArray(filters)) return undefined;
  const item = (filters as readonly Record<string, unknown>[]).find(({ name }) => name === id);
  const image = item?.['image'] ?? item?.['filePath'];
  return typeof image === 'string' ? image : undefined;
}

function verdict({ status = {} }: KubeObject): [StatusState, string] {
  const byNamespace = status['statuses'] as Readonly<Record<string, Report>> | undefined;
  const reports = byNamespace === undefined ? [status as Report] : Object.values(byNamespace);
  const states = reports.map(({ state, reason }) => ({
    state: typeof state === 'number' ? names[state] : state,
    reason: reason ?? '',
  }));
  const bad =
    states.find(({ state }) => state === 'Rejected') ?? states.find(({ state }) => state === 'Warning');
  if (bad !== undefined) return ['rejected', `Gloo says ${bad.state ?? ''}: ${bad.reason.trim()}`];
  if (states.some(({ state }) => state === 'Accepted')) {
    return ['loaded', 'as Gloo reports it; what the proxy runs cannot be seen from here'];
  }
  return ['missing', 'Gloo has not looked at the Gateway yet'];
}
