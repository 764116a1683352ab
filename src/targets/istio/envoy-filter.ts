/** Intent → EnvoyFilter, Istio's door to raw Envoy configuration: for what its own kinds cannot say, and for old versions. */
import { WasmeError } from '../../errors.ts';
import { parseEndpoint } from '../../io/http/endpoint.ts';
import { cluster } from '../envoy/clusters.ts';
import { managerType, wasmExtensions, wasmMessage } from '../envoy/filters.ts';
import { localCode, pluginConfig, remoteCode } from '../envoy/plugin.ts';
import { type EnvoyVersion, envoyVersion } from '../envoy/versions.ts';
import type { DeployIntent } from '../intent.ts';
import { type IstioOptions, scope } from './options.ts';
import { type IstioVersion, since } from './versions.ts';
import { envoyOfIstio, istioOfEnvoy } from '../../wasm/hosts.ts';
import { ownMetadata } from '../kubernetes/objects.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';

type Fields = { readonly [key: string]: AnnotatedDocument };

const manager = 'envoy.filters.network.http_connection_manager';
const router = 'envoy.filters.http.router';
const tcpProxy = 'envoy.filters.network.tcp_proxy';
/** Istio's agent fetches the module itself; Envoy's own rules still want the field filled. */
const unusedCluster = 'istio-agent-fetches-this';

/** `reasons` say why this kind was chosen. Fails with DEPLOY_UNSUPPORTED for what even EnvoyFilter cannot carry. */
export function envoyFilter(
  intent: DeployIntent,
  options: IstioOptions,
  version: IstioVersion,
  namespace: string,
  reasons: readonly string[],
): Fields {
  refuse(intent, options, version);
  const place = scope(options, version, labels => ({ workloadSelector: { labels } }));
  if (place['targetRef'] !== undefined) {
    throw unsupported(`an EnvoyFilter of Istio ${version.text} cannot name a gateway or service`, {
      hint: `that came with 1.${since.targetRefs}; choose the gateway's pods with --labels`,
    });
  }
  const kind = intent.kind === 'http' || intent.kind === 'network' ? filterPatches : extensionPatches;
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: withReason('EnvoyFilter', reasons.length === 0 ? '--kind envoy-filter' : reasons.join('; ')),
    metadata: ownMetadata(intent, namespace),
    spec: {
      ...place,
      priority:
        options.priority === undefined
          ? undefined
          : withReason(
              0 - options.priority,
              '--priority turned round: here lower numbers are inserted first',
            ),
      configPatches: kind(intent, options, version, namespace),
    },
  };
}

/** HTTP and network filters: through extension discovery, so that Istio's agent fetches the module, or straight from a file. */
function filterPatches(
  intent: DeployIntent,
  options: IstioOptions,
  version: IstioVersion,
  namespace: string,
): AnnotatedDocument {
  const isHttp = intent.kind === 'http';
  const typed = wasmMessage(intent.kind, plugin(intent, version, code(intent)));
  const name = `${namespace}.${intent.id}`;
  if (intent.code.from === 'proxy-file') return places(intent, options, { name, typed_config: typed });
  const discovered = {
    name: withReason(name, 'the name under which the proxy asks for the filter'),
    config_discovery: {
      config_source: {
        ads: {},
        initial_fetch_timeout: withReason('0s', 'a new pod gets no traffic before the filter is there'),
        resource_api_version: 'V3',
      },
      type_urls: [
        wasmExtensions[isHttp ? 'http' : 'network'].type,
        withReason(
          `type.googleapis.com/envoy.extensions.filters.${isHttp ? 'http' : 'network'}.rbac.v3.RBAC`,
          "what Istio's agent sends in place of a module that it cannot fetch",
        ),
      ],
    },
  };
  const extension = {
    applyTo: withReason(
      'EXTENSION_CONFIG',
      "delivered on its own, so that Istio's agent can fetch the module",
    ),
    match: { context: context(options), ...(options.patchContext === 'waypoint' ? { waypoint: {} } : {}) },
    patch: { operation: 'ADD', value: { name, typed_config: typed } },
  };
  return [withReason(extension, 'what the filter is'), ...places(intent, options, discovered)];
}

/** The patches that put `entry` into the filter chain, one per port that was named. */
function places(intent: DeployIntent, options: IstioOptions, entry: Fields): AnnotatedDocument[] {
  const { ports = [] } = options;
  return (ports.length === 0 ? [undefined] : ports).map(port =>
    withReason(
      {
        applyTo: intent.kind === 'http' ? 'HTTP_FILTER' : 'NETWORK_FILTER',
        match: { context: context(options), ...where(intent, options, port) },
        patch: { ...position(intent, options), value: entry },
      },
      port === undefined ? 'where it stands' : `where it stands, for port ${port} (--match-port)`,
    ),
  );
}

function where(intent: DeployIntent, options: IstioOptions, port: number | undefined): Fields {
  const before = intent.kind === 'http' && (options.phase ?? 'unspecified') === 'unspecified';
  const filter =
    intent.kind === 'http'
      ? { name: manager, ...(before ? { subFilter: { name: router } } : {}) }
      : { name: tcpProxy };
  return options.patchContext === 'waypoint'
    ? { waypoint: { portNumber: port, filter } }
    : { listener: { portNumber: port, filterChain: { filter } } };
}

function position(intent: DeployIntent, { phase = 'unspecified' }: IstioOptions): Fields {
  if (intent.kind === 'network') return { operation: 'INSERT_BEFORE' };
  const rows = {
    authn: { operation: withReason('INSERT_FIRST', '--phase authn: before everything else') },
    authz: { operation: 'ADD', filterClass: withReason('AUTHN', '--phase authz: after authentication') },
    stats: { operation: 'ADD', filterClass: withReason('STATS', '--phase stats: before statistics') },
    unspecified: { operation: withReason('INSERT_BEFORE', 'the router ends the chain') },
  } as const;
  return rows[phase];
}

/** Services and access loggers: no discovery for them, so Envoy reads a file or fetches through a cluster. */
function extensionPatches(
  intent: DeployIntent,
  options: IstioOptions,
  version: IstioVersion,
): AnnotatedDocument {
  const { code: from } = intent;
  const clusterName = `wasme-${intent.id}`;
  const remote =
    from.from === 'http' && from.digest !== undefined
      ? remoteCode(from.url, bare(from.digest), clusterName)
      : undefined;
  const source = remote ?? (from.from === 'proxy-file' ? localCode(from.path) : undefined);
  const typed = wasmMessage(intent.kind, plugin(intent, version, source));
  const clusters =
    from.from === 'http'
      ? [cluster(clusterName, parseEndpoint(new URL(from.url).origin), { version: envoyOf(version) })]
      : [];
  const extension = wasmExtensions[intent.kind];
  if (intent.kind === 'service') {
    return withReason(
      [
        {
          applyTo: withReason(
            'BOOTSTRAP',
            'a service lives beside the traffic; pods read it when they start',
          ),
          match: { context: context(options) },
          patch: {
            operation: 'MERGE',
            value: {
              bootstrap_extensions: [{ name: extension.name, typed_config: typed }],
              static_resources: clusters.length === 0 ? undefined : { clusters },
            },
          },
        },
      ],
      'the service, and what its code is fetched through',
    );
  }
  return [
    ...clusters.map(value =>
      withReason(
        {
          applyTo: 'CLUSTER',
          match: { context: context(options) },
          patch: { operation: 'ADD', value },
        },
        'Envoy fetches the code through it',
      ),
    ),
    withReason(
      {
        applyTo: 'NETWORK_FILTER',
        match: { context: context(options), listener: { filterChain: { filter: { name: manager } } } },
        patch: {
          operation: 'MERGE',
          value: {
            name: manager,
            typed_config: {
              '@type': managerType,
              access_log: [{ name: extension.name, typed_config: typed }],
            },
          },
        },
      },
      'the access logger joins those of every connection manager',
    ),
  ];
}

function plugin(intent: DeployIntent, version: IstioVersion, source: AnnotatedDocument): AnnotatedDocument {
  return pluginConfig(intent, envoyOf(version), source);
}

function envoyOf(version: IstioVersion): EnvoyVersion {
  const envoy = envoyVersion(`1.${envoyOfIstio(version.minor)}`);
  return { ...envoy, carrier: minor => `Istio 1.${istioOfEnvoy(minor)}` };
}

function code({ code: from }: DeployIntent): AnnotatedDocument {
  if (from.from === 'proxy-file') return localCode(from.path);
  if (from.from === 'file') return undefined;
  const uri =
    from.from === 'http'
      ? from.url
      : `oci://${from.digest === undefined ? from.reference : `${from.reference}@${from.digest}`}`;
  return {
    remote: {
      http_uri: {
        uri: withReason(uri, "Istio's agent fetches this and gives the proxy a file"),
        cluster: withReason(unusedCluster, 'must not be empty, is not used'),
        timeout: '30s',
      },
      sha256: withReason(
        from.digest === undefined ? 'nil' : bare(from.digest),
        from.digest === undefined
          ? "the agent's word for: do not compare"
          : 'the agent refuses anything else',
      ),
    },
  };
}

function context({ patchContext, targetRefs = [] }: IstioOptions): AnnotatedDocument {
  const names = {
    any: 'ANY',
    inbound: 'SIDECAR_INBOUND',
    outbound: 'SIDECAR_OUTBOUND',
    gateway: 'GATEWAY',
    waypoint: 'WAYPOINT',
  } as const;
  if (patchContext !== undefined) return withReason(names[patchContext], `--patch-context ${patchContext}`);
  return targetRefs.length > 0
    ? withReason('GATEWAY', 'attached to a gateway')
    : withReason('ANY', 'sidecars in both directions and gateways; --patch-context narrows it');
}

function refuse(intent: DeployIntent, options: IstioOptions, version: IstioVersion): void {
  const { code: from, kind } = intent;
  const needed =
    kind === 'network' && from.from !== 'proxy-file' ? since.networkExtensionConfig : since.extensionConfig;
  if (version.minor < needed) {
    throw unsupported(
      version.minor < since.extensionConfig
        ? `Istio ${version.text} carries a fork of Envoy that does not run the filters of today`
        : `Istio ${version.text} can only load network filters from a file in the container of the proxy`,
      { hint: `use Istio 1.${needed} or newer` },
    );
  }
  if (from.from === 'image' && version.minor < since.imageInEnvoyFilter) {
    throw unsupported(`Istio ${version.text} cannot pull images`, {
      hint: 'give the module as an http(s) URL; images came with 1.12',
    });
  }
  if (from.from === 'image' && (kind === 'service' || kind === 'access-log')) {
    throw unsupported(`Istio pulls images for filters only, not for a ${kind}`, {
      hint: 'give the module as an http(s) URL or as a file in the container of the proxy',
    });
  }
  if (from.from === 'http' && from.digest === undefined && (kind === 'service' || kind === 'access-log')) {
    throw unsupported('Envoy fetches no module without its digest', { hint: 'leave --no-digest out' });
  }
  if (options.pullSecret !== undefined) {
    throw unsupported('an EnvoyFilter would have to contain the pull secret itself', {
      hint: 'make the image readable without a secret, or leave out what WasmPlugin has no field for (--explain tells)',
    });
  }
  if (options.patchContext === 'waypoint' && (kind === 'service' || kind === 'access-log')) {
    throw unsupported(`a ${kind} cannot be put into waypoints`, { hint: 'leave --patch-context out' });
  }
  if (options.patchContext === 'waypoint' && version.minor < since.waypointContext) {
    throw unsupported(`an EnvoyFilter of Istio ${version.text} does not reach waypoints`, {
      hint: `that came with 1.${since.waypointContext}`,
    });
  }
}

function bare(digest: string): string {
  return digest.replace(/^sha256:/, '');
}

function unsupported(message: string, options: { hint: string }): WasmeError {
  return new WasmeError('DEPLOY_UNSUPPORTED', message, options);
}
