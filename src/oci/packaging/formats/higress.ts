/** `higress`: README, spec and icon first, the tar with plugin.wasm last. Without documents it is one layer, as `compat`. */
import { annotationsFor, titleKey } from '../../annotations.ts';
import { documentOrder, documentType, pluginArchive } from '../../image-documents.ts';
import { ociConfig, ociLayerTarGzip } from '../../media-types.ts';
import { blobOf } from '../../target.ts';
import { type Packaging, imageOf } from './packaging.ts';
import { imageConfig, tarLayer } from './tar-layer.ts';

export const higress: Packaging = {
  name: 'higress',
  summary: 'compat with README.md and spec.yaml in front: Higress, Istio 1.16 and newer',
  pack(module, metadata) {
    const front = [...(metadata.documents ?? [])]
      .sort((a, b) => documentOrder(a.name) - documentOrder(b.name) || (a.name < b.name ? -1 : 1))
      .flatMap(({ name, bytes }) => {
        const mediaType = documentType(name);
        return mediaType === undefined ? [] : [blobOf(mediaType, bytes, { [titleKey]: name })];
      });
    const annotations = annotationsFor(module, metadata);
    // Istio takes the last layer; the layers before it are for readers and consoles.
    const { layer, diffId } = tarLayer(module, metadata, ociLayerTarGzip, pluginArchive);
    const diffIds = [...front.map(blob => blob.descriptor.digest), diffId];
    return imageOf({
      config: imageConfig(ociConfig, metadata, annotations, diffIds),
      layers: [...front, layer],
      annotations,
    });
  },
};
