/** Names the files in images: the module, and the documents for readers and consoles. */

/** The only file name that Istio's fetcher looks for. */
export const pluginFile = 'plugin.wasm';
/** Title of the layer that holds it in a tar. */
export const pluginArchive = 'plugin.tar.gz';

const documentTypes: readonly (readonly [name: RegExp, mediaType: string])[] = [
  [/^spec\.ya?ml$/i, 'application/vnd.module.wasm.spec.v1+yaml'],
  [/^README\.md$/i, 'application/vnd.module.wasm.doc.v1+markdown'],
  [/^README[._-]zh\.md$/i, 'application/vnd.module.wasm.doc.v1.zh+markdown'],
  [/^README[._-]en\.md$/i, 'application/vnd.module.wasm.doc.v1.en+markdown'],
  [/^icon\.png$/i, 'application/vnd.module.wasm.icon.v1+png'],
];

/** Returns the media type of a document in an image; undefined for a name that images do not carry. */
export function documentType(name: string): string | undefined {
  return documentTypes.find(([pattern]) => pattern.test(name))?.[1];
}

/** Returns the place of a document among the others: README and spec come first. */
export function documentOrder(name: string): number {
  return documentTypes.findIndex(([pattern]) => pattern.test(name));
}
