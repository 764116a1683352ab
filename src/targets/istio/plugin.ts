/** Intent → Istio's own filter objects: TrafficExtension (1.30 on) and WasmPlugin (1.12 on), which say the same in two shapes. */
import { WasmeError } from '../../errors.ts';
import type { DeployIntent } from '../intent.ts';
import { type IstioOptions, scope } from './options.ts';
import { type IstioVersion, since } from './versions.ts';
import { jsonConfiguration } from '../json-configuration.ts';
import { checkSecret } from '../kubernetes/names.ts';
import { ownMetadata } from '../kubernetes/objects.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';

type Fields = { readonly [key: string]: AnnotatedDocument };

const apiVersion = 'extensions.istio.io/v1alpha1';
const maxEnvValue = 2048;

/** Everything asked for that these kinds have no field for, in words; empty when they can say it all. */
export function beyondPlugin(intent: DeployIntent, options: IstioOptions, version: IstioVersion): string[] {
  const { minor } = version;
  const reasons: string[] = [];
  const need = (asked: boolean, reason: string): void => {
    if (asked) reasons.push(reason);
  };
  const from = (asked: boolean, feature: keyof typeof since, what: string): void =>
    need(asked && minor < since[feature], `${what} came with Istio 1.${since[feature]}`);
  from(true, 'wasmPlugin', 'WasmPlugin');
  need(intent.kind === 'service', 'a singleton service is not a filter');
  need(intent.kind === 'access-log', 'an access logger is not a filter');
  need(
    pluginObject(intent) === 'raw',
    'Istio passes configuration on as a JSON object only; this is raw text',
  );
  need(intent.vmConfiguration !== undefined, 'there is no field for the configuration of the VM');
  need(
    intent.allowOnHeadersStopIteration !== undefined,
    'there is no field for allow_on_headers_stop_iteration',
  );
  need(intent.allowedCapabilities !== undefined, 'there is no field for a list of allowed functions');
  need(intent.runtime !== 'v8', `the runtime is always V8, not ${intent.runtime}`);
  from(Object.keys(intent.env).length + intent.hostEnv.length > 0, 'env', 'environment variables');
  from(intent.failPolicy === 'open', 'failStrategy', '--fail-policy open');
  from(intent.failPolicy === 'reload', 'failReload', '--fail-policy reload');
  from(intent.kind === 'network', 'type', 'network filters');
  from(options.patchContext !== undefined && options.patchContext !== 'any', 'match', '--patch-context');
  from((options.ports ?? []).length > 0, 'match', '--match-port');
  return reasons;
}

/** A TrafficExtension, whose module is a part of its own. */
export function trafficExtension(
  intent: DeployIntent,
  options: IstioOptions,
  version: IstioVersion,
  namespace: string,
): Fields {
  return {
    apiVersion,
    kind: withReason('TrafficExtension', `Istio ${version.text} has it; it takes the place of WasmPlugin`),
    metadata: ownMetadata(intent, namespace),
    spec: { ...placement(options, version, ''), wasm: moduleFields(intent, options, version) },
  };
}

/** A WasmPlugin, which has everything in one level. */
export function wasmPlugin(
  intent: DeployIntent,
  options: IstioOptions,
  version: IstioVersion,
  namespace: string,
): Fields {
  return {
    apiVersion,
    kind: withReason('WasmPlugin', `Istio's kind for filters from 1.${since.wasmPlugin} on`),
    metadata: ownMetadata(intent, namespace),
    spec: { ...placement(options, version, '_PHASE'), ...moduleFields(intent, options, version) },
  };
}

function placement(options: IstioOptions, version: IstioVersion, suffix: string): Fields {
  const { phase, priority } = options;
  return {
    ...scope(options, version, labels => ({ selector: { matchLabels: labels } })),
    phase:
      phase === undefined
        ? undefined
        : withReason(
            phase === 'unspecified' ? `UNSPECIFIED${suffix}` : phase.toUpperCase(),
            `--phase ${phase}: ${phaseReasons[phase]}`,
          ),
    priority:
      priority === undefined
        ? undefined
        : withReason(priority, 'higher runs earlier in its phase (--priority)'),
    match: match(options),
  };
}

export const phaseReasons = {
  authn: "before Istio's authentication",
  authz: 'after authentication, before authorization',
  stats: 'after authorization, before statistics',
  unspecified: 'last, right before the router',
} as const;

const modes = {
  any: 'CLIENT_AND_SERVER',
  inbound: 'SERVER',
  outbound: 'CLIENT',
  gateway: 'CLIENT',
  waypoint: 'SERVER',
} as const;
const modeReasons = {
  inbound: '--patch-context inbound: requests that come to the workload',
  outbound: '--patch-context outbound: requests that the workload sends',
  gateway: '--patch-context gateway: all traffic of a gateway counts as a client',
  waypoint: '--patch-context waypoint: requests that come to the services behind it',
  any: 'both directions; ports cannot be said without one',
} as const;

function match({ patchContext = 'any', ports = [] }: IstioOptions): AnnotatedDocument {
  if (patchContext === 'any' && ports.length === 0) return undefined;
  return [
    {
      mode: withReason(modes[patchContext], modeReasons[patchContext]),
      ports:
        ports.length === 0
          ? undefined
          : withReason(
              ports.map(number => ({ number })),
              'only traffic to these ports (--match-port)',
            ),
    },
  ];
}

function moduleFields(intent: DeployIntent, options: IstioOptions, version: IstioVersion): Fields {
  const config = pluginObject(intent);
  return {
    ...code(intent),
    ...pull(intent, options),
    pluginName:
      intent.rootId === ''
        ? undefined
        : withReason(intent.rootId, "becomes Envoy's root_id (--root-id, rootId)"),
    pluginConfig:
      config === undefined || config === 'raw'
        ? undefined
        : withReason(
            config as AnnotatedDocument,
            'the filter reads this object as JSON text in the spelling of Istio',
          ),
    failStrategy: failStrategy(intent, version),
    vmConfig: environment(intent),
    type: intent.kind === 'network' ? withReason('NETWORK', 'a filter of TCP streams') : undefined,
  };
}

/** `url` and `sha256`, also what Higress' kind of the same name has. */
export function code({ code: from }: DeployIntent): Fields {
  if (from.from === 'proxy-file') {
    return { url: withReason(`file://${from.path}`, 'a file in the container of the proxy') };
  }
  const hex = from.digest?.replace(/^sha256:/, '');
  if (from.from === 'file') return {};
  if (from.from === 'http') {
    return {
      url: withReason(from.url, 'fetched by the proxies themselves'),
      sha256: hex === undefined ? undefined : withReason(hex, 'digest of the bytes served'),
    };
  }
  const pinned = from.digest === undefined ? from.reference : `${from.reference}@${from.digest}`;
  return {
    url: withReason(
      `oci://${pinned}`,
      hex === undefined
        ? '--no-digest: whatever the tag names when a proxy pulls'
        : 'the tag is for people, the digest is what is pulled',
    ),
    sha256:
      hex === undefined
        ? undefined
        : withReason(hex, 'digest of the image manifest; a proxy refuses anything else'),
  };
}

function pull(intent: DeployIntent, { pullPolicy, pullSecret }: IstioOptions): Fields {
  if (intent.code.from !== 'image') {
    if (pullSecret === undefined) return {};
    throw new WasmeError('USAGE', '--pull-secret is for images; this module comes from elsewhere', {
      hint: 'leave it out',
    });
  }
  return pullFields({ pullPolicy, pullSecret });
}

/** Returns the fields for pulling the image, which WasmPlugin of Istio and of Higress share. */
export function pullFields({
  pullPolicy,
  pullSecret,
}: Pick<IstioOptions, 'pullPolicy' | 'pullSecret'>): Fields {
  return {
    imagePullPolicy:
      pullPolicy === undefined
        ? undefined
        : withReason(pullPolicy === 'always' ? 'Always' : 'IfNotPresent', '--pull-policy'),
    imagePullSecret:
      pullSecret === undefined
        ? undefined
        : withReason(checkSecret(pullSecret), 'a docker-registry secret of the same namespace'),
  };
}

function failStrategy({ failPolicy }: DeployIntent, version: IstioVersion): AnnotatedDocument {
  const names = { open: 'FAIL_OPEN', closed: 'FAIL_CLOSE', reload: 'FAIL_RELOAD' } as const;
  if (failPolicy === undefined || (failPolicy === 'closed' && version.minor < since.failStrategy))
    return undefined;
  return withReason(names[failPolicy], `--fail-policy ${failPolicy}`);
}

/** vmConfig of WasmPlugin and of Higress. Fails with DEPLOY_UNSUPPORTED for what their schema refuses. */
export function environment({ env, hostEnv }: DeployIntent): AnnotatedDocument {
  for (const [name, value] of [...Object.entries(env), ...hostEnv.map(name => [name, ''] as const)]) {
    if (name.startsWith('ISTIO_META_WASM_')) {
      throw new WasmeError('DEPLOY_UNSUPPORTED', `Istio keeps the variable ${name} for itself`, {
        hint: 'give the variable another name',
      });
    }
    if (value.length > maxEnvValue) {
      throw new WasmeError(
        'DEPLOY_UNSUPPORTED',
        `the value of ${name} is longer than ${maxEnvValue} characters`,
        {
          hint: 'put it into the configuration instead',
        },
      );
    }
  }
  const entries = [
    ...Object.entries(env).map(([name, value]) => ({ name, value })),
    ...hostEnv.map(name => ({ name, valueFrom: withReason('HOST', "taken from the proxy's environment") })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.length === 0 ? undefined : { env: withReason(entries, 'variables of the module (--env)') };
}

/** Returns the configuration as an object; 'raw' when it is not one, or when the control plane would change it. */
export function pluginObject({ configuration }: DeployIntent): Record<string, unknown> | 'raw' | undefined {
  if (configuration === undefined) return undefined;
  const value = jsonConfiguration(configuration)?.value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : 'raw';
}
