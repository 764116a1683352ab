/** `compat`: an ordinary OCI image whose one layer holds plugin.wasm. The default, because most hosts load it (reference A.5). */
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
    // The barest image is a published test vector and names no file; any other tells `oras pull` what to write.
    const title = Object.keys(labels).length === 0 ? undefined : pluginArchive;
    const { layer, diffId } = tarLayer(module, metadata, ociLayerTarGzip, title);
    return imageOf({
      config: imageConfig(ociConfig, metadata, labels, [diffId]),
      layers: [layer],
      annotations,
    });
  },
};
