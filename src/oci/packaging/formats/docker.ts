/** `docker`: the same image as `compat` in Docker's own media types, for registries and tools that know no others. */
import { annotationsFor } from '../../annotations.ts';
import { dockerConfig, dockerLayerTarGzip, dockerManifest } from '../../media-types.ts';
import { type Packaging, imageOf } from './packaging.ts';
import { imageConfig, tarLayer } from './tar-layer.ts';

export const docker: Packaging = {
  name: 'docker',
  summary: 'the same in Docker media types, for registries that take nothing else',
  pack(module, metadata) {
    const { layer, diffId } = tarLayer(module, metadata, dockerLayerTarGzip);
    return imageOf({
      mediaType: dockerManifest,
      // Schema 2 manifests have no annotations, so labels carry them.
      config: imageConfig(dockerConfig, metadata, annotationsFor(module, metadata), [diffId]),
      layers: [layer],
    });
  },
};
