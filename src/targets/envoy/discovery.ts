/** Filters that Envoy discovers from a file (ECDS): a renamed file is a new filter, without restart and without a lost request. */
import { join } from 'node:path';
import { WasmeError } from '../../errors.ts';
import { type DeployIntent, intentHash } from '../intent.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { wasmExtensions, wasmMessage } from './filters.ts';

/** Path of a filter's discovery file in the folder. */
export function discoveryPath(folder: string, id: string): string {
  return join(folder, `${id}.ecds.yaml`);
}

/** Name of the document that a whole Envoy is started with. */
export const bootstrapName = 'envoy.yaml';

export function bootstrapPath(folder: string): string {
  return join(folder, bootstrapName);
}

/** The list entry in a listener. Fails with DEPLOY_UNSUPPORTED for kinds that Envoy does not discover. */
export function discoveredEntry({ id, kind }: DeployIntent, path: string): AnnotatedDocument {
  if (kind !== 'http' && kind !== 'network') {
    throw new WasmeError('DEPLOY_UNSUPPORTED', `Envoy cannot discover a filter of kind ${kind}`, {
      hint: 'leave --dynamic out: its code is loaded when Envoy starts',
    });
  }
  return {
    name: withReason(id, 'the resource of this name in the file is the filter'),
    config_discovery: {
      config_source: {
        path_config_source: { path: withReason(path, 'read again whenever a file is renamed to this path') },
        resource_api_version: 'V3',
      },
      type_urls: [wasmExtensions[kind].type],
    },
  };
}

/** Returns the content of the discovery file: a DiscoveryResponse with one resource. */
export function discoveryResponse(intent: DeployIntent, config: AnnotatedDocument): AnnotatedDocument {
  return {
    version_info: withReason(intentHash(intent), 'changes with everything that was asked for'),
    resources: withReason(
      [
        {
          '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
          name: intent.id,
          typed_config: wasmMessage(intent.kind, config),
        },
      ],
      'the filter, under the name by which the listener asks for it',
    ),
  };
}
