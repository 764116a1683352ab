/** Names of the files that images hold: the module, and the documents for people and consoles. */

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

/** Media type that a document of this name has in an image; undefined when it has no place there. */
export function documentType(name: string): string | undefined {
  return documentTypes.find(([pattern]) => pattern.test(name))?.[1];
}

/** Where a document stands among the others: README and spec have their place in front. */
export function documentOrder(name: string): number {
  return documentTypes.findIndex(([pattern]) => pattern.test(name));
}
