/** The objects of Gloo that hold a list of Wasm filters, where the list is in each, and reading those that were chosen. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import type { KubeObject, KubernetesOptions } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/parse-answer.ts';
import type { ObjectSchema } from '../kubernetes/schema.ts';
import { listObjects } from '../kubernetes/read.ts';

export interface GlooForm {
  readonly resource: Resource;
  /** Keys from the root of the object to its filters. */
  readonly list: readonly string[];
  /** Returns whether an object of this kind serves HTTP at all. */
  isHttp(object: KubeObject): boolean;
}

const inGateway = ['spec', 'httpGateway', 'options', 'wasm', 'filters'] as const;
const hasGateway = ({ spec }: KubeObject): boolean => spec?.['httpGateway'] !== undefined;

const schema = async (): Promise<ObjectSchema<KubeObject>> => (await import('./schema.ts')).glooObject;

/** By the names of `--kind`. */
export const glooForms = {
  gateway: {
    resource: { kind: 'Gateway', resource: 'gateways.gateway.solo.io', schema },
    list: inGateway,
    isHttp: hasGateway,
  },
  'matchable-http-gateway': {
    resource: { kind: 'MatchableHttpGateway', resource: 'httpgateways.gateway.solo.io', schema },
    list: inGateway,
    isHttp: hasGateway,
  },
  'http-listener-option': {
    resource: { kind: 'HttpListenerOption', resource: 'httplisteneroptions.gateway.solo.io', schema },
    list: ['spec', 'options', 'wasm', 'filters'],
    isHttp: () => true,
  },
} as const satisfies Record<string, GlooForm>;

export type GlooKind = keyof typeof glooForms;

/** Listener options are attached to gateways of another API, often several to one: they are changed only when asked for. */
const usual: readonly GlooKind[] = ['gateway', 'matchable-http-gateway'];

export interface GlooObject {
  readonly form: GlooForm;
  readonly object: KubeObject;
}

/** Forms that `kinds` names, or the usual ones; `all`: every one, for finding what was deployed. */
export function formsOf(kinds: readonly GlooKind[] | undefined, all = false): readonly GlooForm[] {
  return (kinds ?? (all ? (Object.keys(glooForms) as GlooKind[]) : usual)).map(kind => glooForms[kind]);
}

/**
 * Objects of these forms. What the cluster does not have, or does not let one see, is left out unless it was named: an
 * older Gloo has one form only. Fails with KUBE_* codes.
 */
export async function readForms(
  forms: readonly GlooForm[],
  where: { readonly namespaces: readonly string[] | undefined; readonly selector?: string | undefined },
  options: KubernetesOptions & { readonly kinds?: readonly GlooKind[] | undefined },
  system: SystemContext,
): Promise<readonly GlooObject[]> {
  const found: GlooObject[] = [];
  for (const [index, form] of forms.entries()) {
    try {
      for (const namespace of where.namespaces ?? [undefined]) {
        const place = { namespace, selector: where.selector };
        const objects = await listObjects(form.resource, place, options, system);
        found.push(...objects.map(object => ({ form, object })));
      }
    } catch (error) {
      const absent =
        error instanceof WasmeError && ['KUBE_NOT_INSTALLED', 'KUBE_FORBIDDEN'].includes(error.code);
      if (!absent || index === 0 || options.kinds !== undefined) throw error;
      system.reporter.detail(error.message);
    }
  }
  return found;
}
