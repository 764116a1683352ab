/** Intent → one item of a policy's wasm list, and what such an item cannot say. */
import { WasmeError } from '../../errors.ts';
import type { DeployIntent } from '../intent.ts';
import { jsonConfiguration } from '../json-configuration.ts';
import { checkSecret } from '../kubernetes/names.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { type EnvoyGatewayOptions, type EnvoyGatewayVersion, certificateRef, since } from './options.ts';

export function filterItem(
  intent: DeployIntent,
  options: EnvoyGatewayOptions,
): { readonly [key: string]: AnnotatedDocument } {
  const config = intent.configuration === undefined ? undefined : jsonConfiguration(intent.configuration);
  return {
    name: withReason(intent.id, 'names the filter in logs and for undeploy (--id)'),
    rootID:
      intent.rootId === ''
        ? undefined
        : withReason(intent.rootId, 'root context of the module (--root-id, rootId)'),
    code: code(intent, options),
    config:
      config === undefined
        ? undefined
        : withReason(config.value as AnnotatedDocument, 'the filter reads it as JSON text'),
    failOpen:
      intent.failPolicy === undefined
        ? undefined
        : withReason(intent.failPolicy === 'open', `--fail-policy ${intent.failPolicy}`),
    env:
      intent.hostEnv.length === 0
        ? undefined
        : withReason(
            { hostKeys: [...intent.hostEnv].sort() },
            "passed on from the proxy's environment (--env NAME)",
          ),
  };
}

function code({ code: from }: DeployIntent, options: EnvoyGatewayOptions): AnnotatedDocument {
  if (from.from === 'file' || from.from === 'proxy-file') return undefined;
  const pullPolicy =
    options.pullPolicy === undefined
      ? undefined
      : withReason(options.pullPolicy === 'always' ? 'Always' : 'IfNotPresent', '--pull-policy');
  const sha256 = from.digest?.replace(/^sha256:/, '');
  const tls =
    options.caCertificate === undefined
      ? undefined
      : {
          caCertificateRef: withReason(
            certificateRef(options.caCertificate),
            'the certificate of where the code comes from must be signed by it (--ca-certificate)',
          ),
        };
  if (from.from === 'http') {
    return {
      type: withReason('HTTP', 'the module is a file on the web'),
      http: {
        url: withReason(from.url, 'Envoy Gateway fetches it and hands it to its proxies'),
        sha256: sha256 === undefined ? undefined : withReason(sha256, 'digest of the bytes served'),
        tls,
      },
      pullPolicy,
    };
  }
  return {
    type: withReason('Image', 'Envoy Gateway pulls the image and hands the module to its proxies'),
    image: {
      url: withReason(
        from.digest === undefined ? from.reference : `${from.reference}@${from.digest}`,
        from.digest === undefined
          ? '--no-digest: whatever the tag names when it is pulled'
          : 'the tag is for people, the digest is what is pulled',
      ),
      sha256: sha256 === undefined ? undefined : withReason(sha256, 'digest of the image manifest'),
      pullSecretRef:
        options.pullSecret === undefined
          ? undefined
          : withReason(
              { kind: 'Secret', name: checkSecret(options.pullSecret) },
              'a docker-registry secret of the same namespace',
            ),
      tls,
    },
    pullPolicy,
  };
}

/** Fails with DEPLOY_UNSUPPORTED for what the item, or this version of it, has no field for. */
export function refuse(
  intent: DeployIntent,
  options: EnvoyGatewayOptions,
  version: EnvoyGatewayVersion,
): void {
  const config = intent.configuration;
  const rows: readonly (readonly [boolean, string, string])[] = [
    [version.minor < since.wasm, 'Wasm filters', `they came with 1.${since.wasm}`],
    [intent.kind !== 'http', `a ${intent.kind} filter`, 'it runs HTTP filters'],
    [intent.failPolicy === 'reload', '--fail-policy reload', 'open and closed are there'],
    [
      Object.keys(intent.env).length > 0,
      'variables with a value',
      'use --config, or --env NAME to pass one on',
    ],
    [
      intent.hostEnv.length > 0 && version.minor < since.hostEnv,
      '--env',
      `passing variables on came with 1.${since.hostEnv}`,
    ],
    [
      options.caCertificate !== undefined && version.minor < since.tls,
      '--ca-certificate',
      `it came with 1.${since.tls}`,
    ],
    [
      options.merge !== undefined && version.minor < since.mergeType,
      '--merge',
      `it came with 1.${since.mergeType}`,
    ],
    [intent.vmConfiguration !== undefined, '--vm-config', 'use --config'],
    [
      config !== undefined && jsonConfiguration(config) === undefined,
      'a configuration that is not JSON',
      'write it as JSON, and integers beyond 2^53 as strings',
    ],
    [intent.allowedCapabilities !== undefined, '--allow-capabilities', 'leave it out'],
    [intent.allowOnHeadersStopIteration !== undefined, '--allow-on-headers-stop-iteration', 'leave it out'],
    [intent.runtime !== 'v8', `--runtime ${intent.runtime}`, 'it runs V8'],
  ];
  const row = rows.find(([asked]) => asked);
  if (row === undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', `Envoy Gateway ${version.text} has no field for ${row[1]}`, {
    hint: row[2],
  });
}
