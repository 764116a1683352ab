/** The target `istio`: chooses the kind of object that has all requested fields in this version of Istio. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { envoyFilter } from './envoy-filter.ts';
import { type IstioOptions, defaultNamespace } from './options.ts';
import { istioProxies } from './pods.ts';
import { rootNamespaces } from './root-namespace.ts';
import { inquireProxies } from './status.ts';
import { beyondPlugin, trafficExtension, wasmPlugin } from './plugin.ts';
import { type IstioVersion, newestIstio, parseIstioVersion, since } from './versions.ts';
import { clusterIstioVersion } from './cluster.ts';
import { dependsOnRoot, rootWarnings, warnings } from './warnings.ts';
import type { DeployIntent } from '../intent.ts';
import { type KubernetesDocument, applyDocuments } from '../kubernetes/apply.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import { removeOwn } from '../kubernetes/undeploy.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/parse-answer.ts';
import type { ObjectSchema } from '../kubernetes/schema.ts';
import type { Plan, LiveTarget } from '../target.ts';

export interface IstioObservation {
  readonly version: IstioVersion;
  /** Root namespaces of the cluster, where filters apply to the whole mesh. */
  readonly roots?: ReadonlySet<string> | undefined;
}

const schema = async (): Promise<ObjectSchema<KubeObject>> => (await import('./schema.ts')).istioObject;

const resources = {
  'traffic-extension': {
    kind: 'TrafficExtension',
    resource: 'trafficextensions.extensions.istio.io',
    schema,
  },
  'wasm-plugin': { kind: 'WasmPlugin', resource: 'wasmplugins.extensions.istio.io', schema },
  'envoy-filter': { kind: 'EnvoyFilter', resource: 'envoyfilters.networking.istio.io', schema },
} as const satisfies Record<string, Resource>;

/** The kinds that a filter may have become, newest first. */
export const istioResources: readonly Resource[] = Object.values(resources);

export const istio: LiveTarget<IstioOptions, IstioObservation> = {
  name: 'istio',
  accepts: ['image', 'http', 'proxy-file'],
  host: ({ version }) => (version === undefined ? 'istio' : `istio@1.${parseIstioVersion(version).minor}`),
  withProject: (options, { istio: project = {} }) => ({
    ...options,
    version: options.version ?? project.version,
    namespace: options.namespace ?? project.namespace,
    phase: options.phase ?? project.phase,
    priority: options.priority ?? project.priority,
    // Flags that choose proxies take the place of the project's choice as a whole.
    ...(options.labels === undefined && options.targetRefs === undefined
      ? {
          labels: project.labels,
          targetRefs: project.gateway === undefined ? undefined : [`Gateway/${project.gateway}`],
        }
      : {}),
  }),
  placement: ({ labels, targetRefs, phase, priority, patchContext, ports, pullSecret, pullPolicy }) => ({
    labels,
    targetRefs,
    phase,
    priority,
    patchContext,
    ports,
    pullSecret,
    pullPolicy,
  }),
  async observe(
    _intent: DeployIntent,
    options: IstioOptions,
    system: SystemContext,
  ): Promise<IstioObservation> {
    const said = options.version === undefined ? undefined : parseIstioVersion(options.version);
    if (options.useCluster !== true) return { version: said ?? newestIstio };
    return {
      version: said ?? (await clusterIstioVersion(options, system)),
      roots: dependsOnRoot(options) ? await rootNamespaces(options, system) : undefined,
    };
  },
  plan: planIstio,
  apply: (plan, options, system) => applyDocuments(plan, istioResources, options, system),
  diff: (plan, options, system) => diffPlan(plan, istioResources, options, system),
  undeploy: (request, options, system) =>
    removeOwn(istioResources, request, options.namespace ?? defaultNamespace, options, system),
  inquire: (options, system) =>
    inquireProxies(
      istioResources,
      { ...options, namespace: options.namespace ?? defaultNamespace },
      async () => istioProxies(await rootNamespaces(options, system)),
      system,
    ),
};

function planIstio(intent: DeployIntent, options: IstioOptions, { version, roots }: IstioObservation): Plan {
  const namespace = options.namespace ?? defaultNamespace;
  const reasons = beyondPlugin(intent, options, version);
  const kind = chooseKind(options, version, reasons);
  const document =
    kind === 'envoy-filter'
      ? envoyFilter(intent, options, version, namespace, reasons)
      : (kind === 'wasm-plugin' ? wasmPlugin : trafficExtension)(intent, options, version, namespace);
  const resource = resources[kind];
  const planned: KubernetesDocument = { name: `${resource.kind}/${intent.id}`, content: document, resource };
  return {
    documents: [planned],
    files: [],
    warnings: [...warnings(intent, options, version, kind, reasons), ...rootWarnings(options, roots)],
  };
}

function chooseKind(
  { kind = 'auto' }: IstioOptions,
  version: IstioVersion,
  reasons: readonly string[],
): 'traffic-extension' | 'wasm-plugin' | 'envoy-filter' {
  if (kind === 'envoy-filter') return kind;
  if (kind === 'traffic-extension' && version.minor < since.trafficExtension) {
    throw new WasmeError('DEPLOY_UNSUPPORTED', `Istio ${version.text} has no TrafficExtension`, {
      hint: `it came with 1.${since.trafficExtension}; leave --kind out`,
    });
  }
  if (kind !== 'auto') {
    if (reasons.length === 0) return kind;
    throw new WasmeError('DEPLOY_UNSUPPORTED', `--kind ${kind} cannot say this: ${reasons.join('; ')}`, {
      hint: 'leave --kind out: an EnvoyFilter is written where it is needed',
      details: { reasons },
    });
  }
  if (reasons.length > 0) return 'envoy-filter';
  return version.minor >= since.trafficExtension ? 'traffic-extension' : 'wasm-plugin';
}
