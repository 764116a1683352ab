/**
 * The target `envoy-gateway`: an EnvoyExtensionPolicy. Of several policies for one target only the oldest counts, so a second
 * filter goes into the existing policy: into one that wasme made at once, into another only when --policy names it.
 */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type DeployIntent, intentHash } from '../intent.ts';
import { type KubernetesDocument, applyDocuments } from '../kubernetes/apply.ts';
import { controlPlaneVersions } from '../kubernetes/control-plane.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import {
  type KubeObject,
  isOurs,
  ownMetadata,
  sharedAnnotation,
  sharedAnnotations,
  showObject,
} from '../kubernetes/objects.ts';
import { listObjects } from '../kubernetes/read.ts';
import { ownershipOf, patched, putItem, sharedHashes } from '../kubernetes/shared.ts';
import type { Plan, LiveTarget } from '../target.ts';
import { type AnnotatedDocument, withReason, plain } from '../annotated-document.ts';
import { filterItem, refuse } from './filter.ts';
import { hostPolicy } from './host-policy.ts';
import {
  type EnvoyGatewayOptions,
  type EnvoyGatewayVersion,
  type PolicyTarget,
  newestEnvoyGateway,
  parseEnvoyGatewayVersion,
  parseSelector,
  policyTargets,
} from './options.ts';
import { extensionPolicies, filtersOf, mergeTypeOf, policyFilters, targetsOf } from './policies.ts';
import { policyNames, policyStatus } from './status.ts';
import { undeployPolicy } from './undeploy.ts';

export interface EnvoyGatewayObservation {
  /** Policies of the namespace; undefined when no cluster was asked. */
  readonly policies: readonly KubeObject[] | undefined;
  readonly version: EnvoyGatewayVersion;
}

const maxFilters = 16;

export const envoyGateway: LiveTarget<EnvoyGatewayOptions, EnvoyGatewayObservation> = {
  name: 'envoy-gateway',
  accepts: ['image', 'http'],
  host: ({ version }) =>
    version === undefined ? 'envoy-gateway' : `envoy-gateway@1.${parseEnvoyGatewayVersion(version).minor}`,
  withProject: (options, { envoyGateway: project = {} }) => {
    const refs = [
      ...(project.gateway === undefined ? [] : [`Gateway/${project.gateway}`]),
      ...(project.route === undefined ? [] : [`HTTPRoute/${project.route}`]),
    ];
    return {
      ...options,
      namespace: options.namespace ?? project.namespace,
      // Flags that choose take the place of the project's choice as a whole.
      targetRefs:
        options.targetRefs ?? (refs.length === 0 || options.selectors !== undefined ? undefined : refs),
    };
  },
  placement: ({ targetRefs, selectors, merge, caCertificate, pullSecret, pullPolicy }) => ({
    targetRefs,
    selectors,
    merge,
    caCertificate,
    pullSecret,
    pullPolicy,
  }),
  observe: observePolicies,
  plan: planPolicy,
  apply: (plan, options, system) => applyDocuments(plan, [extensionPolicies], options, system),
  diff: (plan, options, system) => diffPlan(plan, [extensionPolicies], options, system),
  undeploy: undeployPolicy,
  inquire: (options, system) => () => ({
    filters: () => policyNames(options, system),
    status: request => policyStatus(request, options, system),
  }),
};

async function observePolicies(
  _intent: DeployIntent,
  options: EnvoyGatewayOptions,
  system: SystemContext,
): Promise<EnvoyGatewayObservation> {
  const said = options.version === undefined ? undefined : parseEnvoyGatewayVersion(options.version);
  if (options.useCluster !== true) return { policies: undefined, version: said ?? newestEnvoyGateway };
  const namespace = options.namespace ?? 'default';
  const policies = await listObjects(extensionPolicies, { namespace }, options, system);
  return { policies, version: said ?? (await clusterVersion(options, system)) };
}

/** The lowest of the controllers that run; the newest known where they cannot be listed. */
async function clusterVersion(
  options: EnvoyGatewayOptions,
  system: SystemContext,
): Promise<EnvoyGatewayVersion> {
  const found = await controlPlaneVersions('control-plane=envoy-gateway', options, system);
  const [lowest] = found.map(parseEnvoyGatewayVersion).sort((a, b) => a.minor - b.minor);
  if (lowest === undefined) return newestEnvoyGateway;
  system.reporter.info(`Envoy Gateway ${lowest.text} in the cluster`);
  return lowest;
}

function planPolicy(
  intent: DeployIntent,
  options: EnvoyGatewayOptions,
  { policies = [], version }: EnvoyGatewayObservation,
): Plan {
  refuse(intent, options, version);
  const targets = policyTargets(options);
  const item = filterItem(intent, options);
  const host = hostPolicy(intent.id, options, targets, policies);
  const foreign = host !== undefined && !isOurs(host);
  const document = foreign
    ? intoForeign(host, intent, item, options)
    : ownPolicy(host, intent, item, targets, options);
  return {
    documents: [document],
    files: [],
    warnings: warnings(intent, version),
    ...(foreign ? { shared: [showObject(host)] } : {}),
  };
}

/** Returns the whole policy, if wasme made it, with the filters of earlier deployments. */
function ownPolicy(
  host: KubeObject | undefined,
  intent: DeployIntent,
  item: { readonly [key: string]: AnnotatedDocument },
  targets: readonly PolicyTarget[],
  options: EnvoyGatewayOptions,
): KubernetesDocument {
  const others = filtersOf(host).filter(({ name }) => name !== intent.id);
  if (others.length >= maxFilters) {
    throw new WasmeError(
      'DEPLOY_UNSUPPORTED',
      `${showObject(host as KubeObject)} holds ${maxFilters} filters already`,
      {
        hint: 'attach the filter to a route, or undeploy another one',
      },
    );
  }
  const before = filtersOf(host).findIndex(({ name }) => name === intent.id);
  const at = before < 0 ? others.length : before;
  const hashes = { ...(host && sharedHashes(host)), [intent.id]: intentHash(intent) };
  const name = host?.metadata.name ?? options.policy ?? intent.id;
  const metadata = ownMetadata(intent, options.namespace ?? 'default', name);
  return {
    name: `EnvoyExtensionPolicy/${name}`,
    resource: extensionPolicies,
    basedOn: host?.metadata.resourceVersion,
    content: {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'EnvoyExtensionPolicy',
      metadata: {
        ...metadata,
        labels: host?.metadata.labels ?? metadata['labels'],
        annotations: sharedAnnotations(ownershipOf(hashes, 0)),
      },
      spec: {
        ...(others.length > 0 && host !== undefined ? placeOf(host) : placement(targets, options)),
        wasm: [
          ...(others.slice(0, at) as AnnotatedDocument[]),
          item,
          ...(others.slice(at) as AnnotatedDocument[]),
        ],
      },
    },
  };
}

/** Returns the attachment of a policy as the flags give it. */
function placement(
  targets: readonly PolicyTarget[],
  { selectors = [], merge }: EnvoyGatewayOptions,
): { readonly [key: string]: AnnotatedDocument } {
  const chosen = selectors.map(parseSelector);
  const gateway = [...targets, ...chosen].find(({ kind }) => kind === 'Gateway');
  if (merge !== undefined && gateway !== undefined) {
    throw new WasmeError('USAGE', '--merge is for routes: a Gateway has no policy above it', {
      hint: 'leave --merge out, or attach the filter with --route',
    });
  }
  return {
    targetRefs:
      targets.length === 0
        ? undefined
        : withReason(
            targets as readonly unknown[] as AnnotatedDocument,
            'the Gateway or route that gets the filter (--gateway, --route)',
          ),
    targetSelectors:
      chosen.length === 0
        ? undefined
        : withReason(chosen, 'everything of that kind with these labels (--target-selector)'),
    mergeType:
      merge === undefined
        ? undefined
        : withReason(
            mergeTypeOf(merge),
            "joined with the policy of the route's Gateway instead of taking its place (--merge)",
          ),
  };
}

/** Returns the attachment of a policy that holds other filters too: it is kept. */
function placeOf(host: KubeObject): { readonly [key: string]: AnnotatedDocument } {
  const refs = targetsOf(host);
  const { targetSelectors, mergeType } = (host.spec ?? {}) as Readonly<Record<string, AnnotatedDocument>>;
  return {
    targetRefs: refs.length === 0 ? undefined : (refs as readonly unknown[] as AnnotatedDocument),
    targetSelectors,
    mergeType,
  };
}

function intoForeign(
  host: KubeObject,
  intent: DeployIntent,
  item: { readonly [key: string]: AnnotatedDocument },
  options: EnvoyGatewayOptions,
): KubernetesDocument {
  const edit = {
    list: policyFilters,
    id: intent.id,
    hash: intentHash(intent),
    item: plain(item) as Record<string, unknown>,
  };
  const next = patched(host, putItem(host, edit, options.forceConflicts === true));
  const { name, namespace } = host.metadata;
  return {
    name: showObject(host),
    resource: extensionPolicies,
    edit,
    content: {
      apiVersion: host.apiVersion,
      kind: host.kind,
      metadata: {
        name,
        namespace,
        annotations: { [sharedAnnotation]: next.metadata.annotations?.[sharedAnnotation] },
      },
      spec: next.spec as AnnotatedDocument,
    },
  };
}

function warnings({ vmId }: DeployIntent, { minor, text }: EnvoyGatewayVersion): string[] {
  const found: string[] = [];
  if (vmId !== '') found.push(`Envoy Gateway names virtual machines itself; vmId ${vmId} is not used`);
  if (minor > newestEnvoyGateway.minor) {
    found.push(
      `Envoy Gateway ${text} is newer than this wasme knows; written as for ${newestEnvoyGateway.text}`,
    );
  }
  return found;
}
