/**
 * `oci`: the bare module beside its runtime-config.json, as the old wasme pushed and Gloo Edge Enterprise pulls.
 * https://github.com/solo-io/wasm/blob/master/spec/spec.md
 */
import { annotationsFor, titleKey } from '../../annotations.ts';
import { soloConfig, soloLayer } from '../../media-types.ts';
import { type RuntimeConfig, envoyProxy, runtimeConfigBytes, runtimeConfigFile } from '../runtime-config.ts';
import { type GraphBlob, blobOf } from '../../target.ts';
import { type ImageMetadata, type Packaging, imageOf } from './packaging.ts';

const nothingKnown: RuntimeConfig = { type: envoyProxy, abiVersions: [], rootIds: [] };

export const oci: Packaging = {
  name: 'oci',
  summary: 'as the old wasme pushed: Gloo Edge Enterprise, Istio, Envoy Gateway',
  pack(module, metadata) {
    // One blob in two places: Istio requires exactly two layers here, and Gloo reads the config from either place.
    const config = runtimeConfigBlob(metadata);
    return imageOf({
      config,
      layers: [config, moduleBlob(module)],
      annotations: annotationsFor(module, metadata),
    });
  },
};

export function runtimeConfigBlob({ runtime = nothingKnown }: ImageMetadata): GraphBlob {
  return blobOf(soloConfig, runtimeConfigBytes(runtime), { [titleKey]: runtimeConfigFile });
}

export function moduleBlob(module: Uint8Array): GraphBlob {
  return blobOf(soloLayer, module, { [titleKey]: 'filter.wasm' });
}
