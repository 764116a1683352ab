/**
 * `compat`: an ordinary OCI image whose one layer holds plugin.wasm; the default, because most hosts load it.
 * https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md
 */
import { annotationsFor, variantKey } from '../../annotations.ts';
import { pluginArchive } from '../../image-documents.ts';
import { ociConfig, ociLayerTarGzip } from '../../media-types.ts';
import { type Packaging, imageOf, sortedByKey } from './packaging.ts';
import { imageConfig, tarLayer } from './tar-layer.ts';

export const compat: Packaging = {
  name: 'compat',
  summary: 'ordinary OCI image with plugin.wasm: Istio, Envoy Gateway, Higress, Google Cloud',
  pack(module, metadata) {
    const labels = annotationsFor(module, metadata);
    const annotations = sortedByKey({ [variantKey]: 'compat', ...labels });
    // The barest image is a published test vector without a file name; in any other, the title tells `oras pull` what to write.
    const title = Object.keys(labels).length === 0 ? undefined : pluginArchive;
    const { layer, diffId } = tarLayer(module, metadata, ociLayerTarGzip, title);
    return imageOf({
      config: imageConfig(ociConfig, metadata, labels, [diffId]),
      layers: [layer],
      annotations,
    });
  },
};
