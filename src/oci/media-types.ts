/** Names the media types of manifests, configs and layers that filter images are made of, by family. */

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const ociConfig = 'application/vnd.oci.image.config.v1+json';
export const ociLayerTar = 'application/vnd.oci.image.layer.v1.tar';
export const ociLayerTarGzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const ociLayerTarZstd = 'application/vnd.oci.image.layer.v1.tar+zstd';
export const ociEmpty = 'application/vnd.oci.empty.v1+json';

export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const dockerConfig = 'application/vnd.docker.container.image.v1+json';
export const dockerLayerTarGzip = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

/** The old wasme, Gloo and Istio ("module" in the name). */
export const soloConfig = 'application/vnd.module.wasm.config.v1+json';
export const soloLayer = 'application/vnd.module.wasm.content.layer.v1+wasm';
/** kubewarden, wasm-to-oci, Spin (no "module"). */
export const vndConfig = 'application/vnd.wasm.config.v1+json';
export const vndLayer = 'application/vnd.wasm.content.layer.v1+wasm';
/** The CNCF Wasm artifact. */
export const cncfConfig = 'application/vnd.wasm.config.v0+json';
export const wasmLayer = 'application/wasm';

/**
 * The types that a manifest request accepts. Some registries answer 404 or 406 when one of the four is missing.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export const manifestTypes: readonly string[] = [ociManifest, ociIndex, dockerManifest, dockerList];

export function isManifestType(mediaType: string): boolean {
  return manifestTypes.includes(mediaType);
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === ociIndex || mediaType === dockerList;
}
