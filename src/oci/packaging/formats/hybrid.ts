/**
 * `hybrid`: the bare module for Gloo and the old wasme, followed by the tar for Istio. It has twice the bytes and serves both
 * families.
 */
import { annotationsFor } from '../../annotations.ts';
import { pluginArchive } from '../../image-documents.ts';
import { ociLayerTarGzip } from '../../media-types.ts';
import { type Packaging, imageOf } from './packaging.ts';
import { moduleBlob, runtimeConfigBlob } from './oci.ts';
import { tarLayer } from './tar-layer.ts';

export const hybrid: Packaging = {
  name: 'hybrid',
  summary: 'both of the above in one image, twice the size: Istio and Gloo from one tag',
  pack(module, metadata) {
    // Order matters: Istio 1.16 and newer take the last layer, older ones want two layers and the module first.
    const { layer } = tarLayer(module, metadata, ociLayerTarGzip, pluginArchive);
    return imageOf({
      config: runtimeConfigBlob(metadata),
      layers: [moduleBlob(module), layer],
      annotations: annotationsFor(module, metadata),
    });
  },
};
