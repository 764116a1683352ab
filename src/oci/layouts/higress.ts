/** `higress`: README, spec and icon in front, the tar with plugin.wasm last. Without documents it is one layer, as `compat`. */
import { annotationsFor, titleKey } from '../annotations.ts';
import { ociConfig, ociLayerTarGzip } from '../media-types.ts';
import { blobOf } from '../target.ts';
import { type Layout, imageOf } from './layout.ts';
import { imageConfig, tarLayer } from './tar-layer.ts';

const documentTypes: readonly (readonly [name: RegExp, mediaType: string])[] = [
  [/^spec\.ya?ml$/i, 'application/vnd.module.wasm.spec.v1+yaml'],
  [/^README\.md$/i, 'application/vnd.module.wasm.doc.v1+markdown'],
  [/^README[._-]zh\.md$/i, 'application/vnd.module.wasm.doc.v1.zh+markdown'],
  [/^README[._-]en\.md$/i, 'application/vnd.module.wasm.doc.v1.en+markdown'],
  [/^icon\.png$/i, 'application/vnd.module.wasm.icon.v1+png'],
];

/** Media type that a document of this name has in an image; undefined when it has no place there. */
export function documentType(name: string): string | undefined {
  return documentTypes.find(([pattern]) => pattern.test(name))?.[1];
}

export const higress: Layout = {
  name: 'higress',
  summary: 'compat with README.md and spec.yaml in front: Higress, Istio 1.16 and newer',
  pack(module, metadata) {
    const front = [...(metadata.documents ?? [])]
      .sort((a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1))
      .flatMap(({ name, bytes }) => {
        const mediaType = documentType(name);
        return mediaType === undefined ? [] : [blobOf(mediaType, bytes, { [titleKey]: name })];
      });
    const annotations = annotationsFor(module, metadata);
    // Istio's rule is "the last layer"; whatever stands in front of it is for people and consoles.
    const { layer, diffId } = tarLayer(module, metadata, ociLayerTarGzip, 'plugin.tar.gz');
    const diffIds = [...front.map(blob => blob.descriptor.digest), diffId];
    return imageOf({
      config: imageConfig(ociConfig, metadata, annotations, diffIds),
      layers: [...front, layer],
      annotations,
    });
  },
};

function order(name: string): number {
  return documentTypes.findIndex(([pattern]) => pattern.test(name));
}
