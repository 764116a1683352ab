/** The flags of `deploy istio`, as the library takes them, and what they become in each kind of object. */
import { WasmeError } from '../../errors.ts';
import type { PluginPhase, PullPolicy, istioKinds, patchContexts } from '../../project/names.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';
import { checkLabels } from '../kubernetes/names.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { type IstioVersion, since } from './versions.ts';

/** Namespace when none is given. Documents name it, so that they mean the same with every context of kubectl. */
export const defaultNamespace = 'default';

export type IstioKind = (typeof istioKinds)[number];
export type PatchContext = (typeof patchContexts)[number];

export interface IstioOptions extends KubernetesOptions {
  /** `1.30`; absent: read from the cluster, or the newest that is known. */
  readonly version?: string | undefined;
  readonly kind?: IstioKind | undefined;
  /** Labels of the pods; absent with no `targetRefs` either: every pod of the namespace. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `Gateway/ingress`, `Service/reviews`, `ServiceEntry/api`, `GatewayClass/istio-waypoint`. */
  readonly targetRefs?: readonly string[] | undefined;
  readonly phase?: PluginPhase | undefined;
  /** Higher runs earlier among the filters of one phase. */
  readonly priority?: number | undefined;
  readonly patchContext?: PatchContext | undefined;
  /** Only traffic to these ports. */
  readonly ports?: readonly number[] | undefined;
  /** Name of a docker-registry secret in the same namespace. */
  readonly pullSecret?: string | undefined;
  readonly pullPolicy?: PullPolicy | undefined;
}

const targetGroups: Readonly<Record<string, string>> = {
  Gateway: 'gateway.networking.k8s.io',
  GatewayClass: 'gateway.networking.k8s.io',
  Service: '',
  ServiceEntry: 'networking.istio.io',
};
const maxTargetRefs = 16;

/** spec fields that choose the proxies: a selector, target references, or nothing. `selector` is its spelling in the kind. */
export function scope(
  { labels = {}, targetRefs = [], patchContext }: IstioOptions,
  version: IstioVersion,
  selector: (labels: AnnotatedDocument) => { readonly [key: string]: AnnotatedDocument },
): { readonly [key: string]: AnnotatedDocument } {
  if (Object.keys(labels).length > 0 && targetRefs.length > 0) {
    throw new WasmeError('USAGE', '--labels and --gateway or --target-ref exclude each other in Istio', {
      hint: 'pods with sidecars are chosen by --labels; Gateway API gateways and waypoints by --gateway or --target-ref',
    });
  }
  if (patchContext === 'waypoint' && targetRefs.length === 0) {
    throw new WasmeError('USAGE', 'a waypoint gets only what names it or what it serves', {
      hint: 'add --gateway WAYPOINT or --target-ref Service/NAME; labels choose pods with sidecars',
    });
  }
  if (targetRefs.length > 0) return references(targetRefs, version);
  if (Object.keys(labels).length === 0) return {};
  return selector(withReason(checkLabels(labels), 'only pods with these labels (--labels)'));
}

function references(
  targets: readonly string[],
  version: IstioVersion,
): { readonly [key: string]: AnnotatedDocument } {
  if (version.minor < since.targetRef) {
    throw new WasmeError(
      'DEPLOY_UNSUPPORTED',
      `Istio ${version.text} cannot attach a filter to ${targets[0] ?? ''}`,
      {
        hint: `target references came with 1.${since.targetRef}; choose the gateway's pods with --labels`,
      },
    );
  }
  const refs = targets.map(parseTarget);
  const reason = 'attached to this object; waypoints and Gateway API gateways ignore selectors';
  if (version.minor >= since.targetRefs) {
    if (refs.length > maxTargetRefs) {
      throw new WasmeError(
        'DEPLOY_UNSUPPORTED',
        `Istio takes at most ${maxTargetRefs} targets, not ${refs.length}`,
        {
          hint: 'deploy the rest under another --id',
        },
      );
    }
    return { targetRefs: withReason(refs, reason) };
  }
  if (refs.length > 1) {
    throw new WasmeError('DEPLOY_UNSUPPORTED', `Istio ${version.text} takes one target, not ${refs.length}`, {
      hint: `several came with 1.${since.targetRefs}; deploy once per target, each with its own --id`,
    });
  }
  return { targetRef: withReason(refs[0], `${reason}; several came with 1.${since.targetRefs}`) };
}

function parseTarget(text: string): { readonly group: string; readonly kind: string; readonly name: string } {
  const [kind = '', name = '', ...rest] = text.split('/');
  const group = targetGroups[kind];
  if (
    group === undefined ||
    rest.length > 0 ||
    !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) ||
    name.length > 253
  ) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} is not something Istio attaches filters to`, {
      hint: `write KIND/NAME with one of ${Object.keys(targetGroups).join(', ')}: --target-ref Service/reviews`,
    });
  }
  return { group, kind, name };
}
