/** Intent → Envoy's PluginConfig message, with the fields that the version has. Also the inside of Istio's EnvoyFilter. */
import { WasmeError } from '../../errors.ts';
import type { DeployIntent, IntentConfiguration } from '../intent.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { type EnvoyFeature, type EnvoyVersion, featureSince, hasFeature } from './versions.ts';

/**
 * PluginConfig for `code`, an AsyncDataSource as `localCode` and `remoteCode` make it.
 * Fails with DEPLOY_UNSUPPORTED when the version has no field for what the intent asks.
 */
export function pluginConfig(
  intent: DeployIntent,
  version: EnvoyVersion,
  code: AnnotatedDocument,
): AnnotatedDocument {
  return {
    name: withReason(intent.id, 'names the plugin in logs, statistics and for undeploy (--id)'),
    root_id:
      intent.rootId === '' ? undefined : withReason(intent.rootId, 'root context to use (--root-id, rootId)'),
    vm_config: {
      vm_id:
        intent.vmId === ''
          ? undefined
          : withReason(intent.vmId, 'plugins with equal vm_id and code share one VM'),
      runtime: withReason(
        `envoy.wasm.runtime.${intent.runtime}`,
        'official builds of Envoy have v8 and null',
      ),
      code,
      configuration: anyOf(intent.vmConfiguration, 'handed to proxy_on_vm_start'),
      environment_variables: environment(intent),
      capability_restriction_config: hasFeature(version, 'vmCapabilities')
        ? capabilities(intent.allowedCapabilities)
        : undefined,
    },
    configuration: anyOf(intent.configuration, 'StringValue: the filter reads exactly this text'),
    ...failure(intent, version),
    capability_restriction_config: hasFeature(version, 'vmCapabilities')
      ? undefined
      : capabilities(intent.allowedCapabilities),
    allow_on_headers_stop_iteration: stopIteration(intent, version),
  };
}

/** AsyncDataSource of a file on the proxy's disk. */
export function localCode(path: string): AnnotatedDocument {
  return {
    local: {
      filename: withReason(path, 'absolute: a relative path would start at the folder Envoy was started in'),
    },
  };
}

/** AsyncDataSource of bytes that Envoy fetches through a cluster of its own. `sha256` is bare hex. */
export function remoteCode(url: string, sha256: string, cluster: string): AnnotatedDocument {
  return {
    remote: {
      http_uri: {
        uri: url,
        cluster: withReason(cluster, 'Envoy fetches through a cluster, which is defined below'),
        timeout: '30s',
      },
      sha256: withReason(sha256, 'of the bytes served; anything else is refused'),
      retry_policy: withReason({ num_retries: 5 }, 'the default is to give up after one retry'),
    },
  };
}

/** A configuration as Any. Struct would reach the filter as protobuf bytes, so text always goes as StringValue. */
function anyOf(configuration: IntentConfiguration | undefined, reason: string): AnnotatedDocument {
  if (configuration === undefined) return undefined;
  if (configuration.form === 'bytes') {
    const value = Buffer.from(configuration.bytes).toString('base64');
    return withReason(
      { '@type': 'type.googleapis.com/google.protobuf.BytesValue', value },
      'not UTF-8, so it is written as bytes (base64); the filter reads them decoded',
    );
  }
  const value = configuration.form === 'text' ? configuration.text : JSON.stringify(configuration.value);
  return withReason({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value }, reason);
}

function environment({ env, hostEnv }: DeployIntent): AnnotatedDocument {
  const names = Object.keys(env).sort();
  if (names.length === 0 && hostEnv.length === 0) return undefined;
  return {
    host_env_keys:
      hostEnv.length > 0 ? withReason([...hostEnv].sort(), "passed on from Envoy's environment") : undefined,
    key_values:
      names.length > 0
        ? withReason(Object.fromEntries(names.map(name => [name, env[name]])), 'set for the module (--env)')
        : undefined,
  };
}

function failure({ failPolicy }: DeployIntent, version: EnvoyVersion): Record<string, AnnotatedDocument> {
  if (hasFeature(version, 'failurePolicy')) {
    const policies = { closed: 'FAIL_CLOSED', open: 'FAIL_OPEN', reload: 'FAIL_RELOAD' } as const;
    if (failPolicy === undefined) {
      return {
        failure_policy: withReason(policies.closed, 'default: traffic is refused when the filter cannot run'),
      };
    }
    const reasons = {
      closed: 'traffic is refused when the filter cannot run',
      open: 'traffic passes unfiltered when the filter cannot run',
      reload: 'a crashed filter is started again, after a pause; until then traffic is refused',
    } as const;
    return {
      failure_policy: withReason(policies[failPolicy], `--fail-policy ${failPolicy}: ${reasons[failPolicy]}`),
    };
  }
  if (failPolicy === 'reload') throw unsupported('--fail-policy reload', 'failurePolicy', version);
  return failPolicy === 'open'
    ? { fail_open: withReason(true, `Envoy ${version.text} has no failure_policy yet`) }
    : {};
}

/** SanitizationConfig is an empty message: naming a function allows it, everything else is refused. */
function capabilities(names: readonly string[] | undefined): AnnotatedDocument {
  if (names === undefined) return undefined;
  const allowed = Object.fromEntries([...names].sort().map(name => [name, {}]));
  return withReason(
    { allowed_capabilities: allowed },
    'only these functions may be called, by the module and in it (--allow-capabilities)',
  );
}

function stopIteration(
  { allowOnHeadersStopIteration: allow }: DeployIntent,
  version: EnvoyVersion,
): AnnotatedDocument {
  if (allow === undefined) return undefined;
  if (!hasFeature(version, 'allowOnHeadersStopIteration')) {
    throw unsupported('--allow-on-headers-stop-iteration', 'allowOnHeadersStopIteration', version);
  }
  return withReason(allow, 'asked for: a header callback may stop the headers and let the body come');
}

function unsupported(flag: string, feature: EnvoyFeature, version: EnvoyVersion): WasmeError {
  const { carrier } = version;
  const since = featureSince(feature);
  const [name, enough] = carrier
    ? [carrier(version.minor), `use ${carrier(since)}`]
    : [`Envoy ${version.text}`, `name a newer --envoy-version`];
  return new WasmeError('DEPLOY_UNSUPPORTED', `${name} has no field for ${flag}`, {
    hint: `it is there from Envoy 1.${since} on; leave the flag out or ${enough}`,
    details: { flag, version: version.text, since: `1.${since}` },
  });
}
