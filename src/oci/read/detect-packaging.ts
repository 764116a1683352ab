/** Detects the packaging of a manifest by its media types alone. Fetches nothing. */
import { variantKey } from '../annotations.ts';
import {
  cncfConfig,
  dockerLayerTarGzip,
  dockerManifest,
  ociConfig,
  ociLayerTarGzip,
  soloLayer,
  vndLayer,
  wasmLayer,
} from '../media-types.ts';
import type { ImageManifest } from '../schema.ts';
import type { PackagingName } from '../packaging/formats/packaging.ts';

export interface DetectedPackaging {
  /** `oci-single` is the oci packaging without its config layer, which Istio refuses. */
  readonly name: PackagingName | 'oci-single' | 'image' | 'unknown';
  /** One sentence. */
  readonly text: string;
  /** Set for an artifact that does not carry one module: "a Spin application". */
  readonly foreign?: string;
}

const spinConfig = 'application/vnd.fermyon.spin.application.v1+config';
const helmConfig = 'application/vnd.cncf.helm.config.v1+json';

export function detectPackaging(manifest: ImageManifest): DetectedPackaging {
  const { config, layers } = manifest;
  const types = layers.map(layer => layer.mediaType);
  const last = types.at(-1);
  const foreign = foreignKind(config.mediaType, types);
  if (foreign !== undefined) return { name: 'unknown', text: foreign, foreign };

  if (types.includes(soloLayer)) {
    if (last === ociLayerTarGzip || last === dockerLayerTarGzip) return known('hybrid');
    return layers.length === 2
      ? known('oci')
      : {
          name: 'oci-single',
          text: `the old wasme’s media type, but ${layers.length} layers instead of two`,
        };
  }
  if (types.includes(vndLayer)) return known('kubewarden');
  if (config.mediaType === cncfConfig) return known('cncf');
  if (types.includes(wasmLayer)) return known('raw');
  if (types.some(type => type.startsWith('application/vnd.module.wasm.'))) return known('higress');
  if (manifest.mediaType === dockerManifest) return known('docker');
  if (manifest.annotations?.[variantKey] === 'compat' || last === ociLayerTarGzip) {
    return config.mediaType === ociConfig || layers.length === 1
      ? known('compat')
      : { name: 'image', text: `OCI artifact of ${layers.length} layers, the last one a tar` };
  }
  return { name: 'unknown', text: `layers of type ${types.join(', ') || 'none'}` };
}

function known(name: PackagingName): DetectedPackaging {
  return { name, text: texts[name] };
}

const texts: Readonly<Record<PackagingName, string>> = {
  compat: 'OCI image with a tar layer',
  docker: 'Docker image',
  oci: 'the old wasme’s layout: bare module and runtime config',
  hybrid: 'bare module and tar layer in one image',
  cncf: 'CNCF Wasm artifact',
  raw: 'bare module as a generic artifact',
  kubewarden: 'bare module as kwctl and wasm-to-oci type it',
  higress: 'Higress plugin: documents in front of the tar layer',
};

function foreignKind(config: string, types: readonly string[]): string | undefined {
  if (config === spinConfig) return 'a Spin application, not a Proxy-Wasm filter';
  if (config === helmConfig) return 'a Helm chart';
  if (types.some(type => type.startsWith('application/vnd.dev.cosign.'))) return 'a cosign signature';
  if (types.some(type => type.startsWith('application/vnd.in-toto'))) return 'a provenance attestation';
  return undefined;
}
