/** Istio: which kind of object says what is asked for, in this version; found out, chosen, explained. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { envoyFilter } from './envoy-filter.ts';
import { type IstioOptions, rootNamespace } from './options.ts';
import { istioProxies } from './pods.ts';
import { proxyStatusOf } from './status.ts';
import { beyondPlugin, pluginObject, trafficExtension, wasmPlugin } from './plugin.ts';
import { type IstioVersion, newestIstio, parseIstioVersion, since } from './versions.ts';
import { clusterIstioVersion } from './cluster.ts';
import { type DeployIntent, configurationText } from '../intent.ts';
import { type KubernetesDocument, applyDocuments } from '../kubernetes/apply.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import { removeOwn } from '../kubernetes/undeploy.ts';
import { type Resource, listIds } from '../kubernetes/read.ts';
import type { Plan, Target } from '../target.ts';

export interface IstioFacts {
  readonly version: IstioVersion;
}

const resources = {
  'traffic-extension': { kind: 'TrafficExtension', resource: 'trafficextensions.extensions.istio.io' },
  'wasm-plugin': { kind: 'WasmPlugin', resource: 'wasmplugins.extensions.istio.io' },
  'envoy-filter': { kind: 'EnvoyFilter', resource: 'envoyfilters.networking.istio.io' },
} as const satisfies Record<string, Resource>;

/** The kinds that a filter may have become, newest first. */
export const istioResources: readonly Resource[] = Object.values(resources);

/** Where filters go when no namespace is said; written out, so that a document means the same everywhere. */
export const defaultNamespace = 'default';

export const istio: Target<IstioOptions, IstioFacts> = {
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
  async observe(_intent: DeployIntent, options: IstioOptions, edges: Edges): Promise<IstioFacts> {
    if (options.version !== undefined) return { version: parseIstioVersion(options.version) };
    if (options.useCluster !== true) return { version: newestIstio };
    return { version: await clusterIstioVersion(options, edges) };
  },
  plan: planIstio,
  apply: (plan, options, edges) => applyDocuments(plan, istioResources, options, edges),
  diff: (plan, options, edges) => diffPlan(plan, istioResources, options, edges),
  undeploy: (request, options, edges) =>
    removeOwn(istioResources, request, options.namespace ?? defaultNamespace, options, edges),
  filters: (options, edges) => listIds(istioResources, options.namespace ?? defaultNamespace, options, edges),
  status: (request, options, edges) =>
    proxyStatusOf(
      istioResources,
      request,
      { ...options, namespace: options.namespace ?? defaultNamespace },
      istioProxies,
      edges,
    ),
};

function planIstio(intent: DeployIntent, options: IstioOptions, { version }: IstioFacts): Plan {
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
    warnings: warnings(intent, options, version, kind, reasons),
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

function warnings(
  intent: DeployIntent,
  options: IstioOptions,
  version: IstioVersion,
  kind: 'traffic-extension' | 'wasm-plugin' | 'envoy-filter',
  reasons: readonly string[],
): string[] {
  const found: string[] = [];
  if (kind === 'envoy-filter') {
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
    found.push(
      `an EnvoyFilter depends on the inside of the proxy and may need a change with each Istio${why}`,
    );
  } else {
    if (intent.vmId !== '')
      found.push(`Istio names virtual machines itself; vmId ${intent.vmId} is not used`);
    const config = pluginObject(intent);
    if (config !== undefined && config !== 'raw' && Object.keys(config).length === 0) {
      found.push('Istio passes an empty configuration object on as no configuration at all');
    }
    if (options.patchContext === 'inbound' && (options.targetRefs ?? []).length > 0) {
      found.push('on a gateway no traffic counts as inbound: this filter would never run');
    }
  }
  const everyPod = Object.keys(options.labels ?? {}).length + (options.targetRefs ?? []).length === 0;
  if (options.namespace === rootNamespace && everyPod) {
    found.push(`in ${rootNamespace}, Istio's root namespace, it counts for the whole mesh`);
  }
  const forClass = (options.targetRefs ?? []).some(ref => ref.startsWith('GatewayClass/'));
  if (forClass && options.namespace !== rootNamespace) {
    found.push(
      `Istio takes a filter for a GatewayClass in its root namespace only, usually ${rootNamespace}`,
    );
  }
  if (version.minor > newestIstio.minor) {
    found.push(`Istio ${version.text} is newer than this wasme knows; written as for ${newestIstio.text}`);
  }
  if (version.minor < since.wasmPlugin) {
    found.push(`Istio ${version.text} has had no security fixes for years`);
  }
  if (intent.configuration !== undefined && configurationText(intent.configuration) === '') {
    found.push('the configuration is an empty text');
  }
  return found;
}
