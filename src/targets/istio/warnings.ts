/** Warnings about a filter for Istio. Pure. */
import { type DeployIntent, configurationText } from '../intent.ts';
import { type IstioOptions, defaultNamespace } from './options.ts';
import { pluginObject } from './plugin.ts';
import { usualRootNamespace } from './root-namespace.ts';
import { type IstioVersion, newestIstio, since } from './versions.ts';

export function warnings(
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

/** Chosen by nothing or by their class, proxies are reached from Istio's root namespace otherwise than from any other. */
export function dependsOnRoot(options: IstioOptions): boolean {
  return isForEveryPod(options) || isForClass(options);
}

function isForEveryPod({ labels = {}, targetRefs = [] }: IstioOptions): boolean {
  return Object.keys(labels).length + targetRefs.length === 0;
}

function isForClass({ targetRefs = [] }: IstioOptions): boolean {
  return targetRefs.some(ref => ref.startsWith('GatewayClass/'));
}

export function rootWarnings(options: IstioOptions, known: ReadonlySet<string> | undefined): string[] {
  const { namespace = defaultNamespace } = options;
  const isRoot = (known ?? new Set([usualRootNamespace])).has(namespace);
  if (isRoot && isForEveryPod(options)) {
    return [`in ${namespace}, Istio's root namespace, it counts for the whole mesh`];
  }
  if (isRoot || !isForClass(options)) return [];
  const where = known === undefined ? `usually ${usualRootNamespace}` : [...known].join(', ');
  return [`Istio takes a filter for a GatewayClass in its root namespace only, ${where}`];
}
