/** `raw`: the bare module as a generic OCI 1.1 artifact, as `oras push` writes it. For storage; no proxy loads it. */
import { annotationsFor, titleKey } from '../../annotations.ts';
import { ociEmpty, wasmLayer } from '../../media-types.ts';
import { type GraphBlob, blobOf } from '../../target.ts';
import { type Packaging, imageOf } from './packaging.ts';
import { pluginFile } from '../../image-documents.ts';

export const raw: Packaging = {
  name: 'raw',
  summary: 'the bare module as an OCI 1.1 artifact: storage and ORAS, no proxy',
  pack(module, metadata) {
    return imageOf({
      artifactType: wasmLayer,
      config: emptyConfig(),
      layers: [blobOf(wasmLayer, module, { [titleKey]: pluginFile })],
      annotations: annotationsFor(module, metadata),
    });
  },
};

/**
 * The empty JSON object in place of a config, its content inlined.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor
 */
function emptyConfig(): GraphBlob {
  const blob = blobOf(ociEmpty, Buffer.from('{}'));
  return { ...blob, descriptor: { ...blob.descriptor, data: 'e30=' } };
}
