/**
 * `cncf`: the CNCF Wasm artifact (one bare module, a config that names its platform). Runtimes read it, proxies do not.
 * https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/
 */
import { annotationsFor, titleKey } from '../../annotations.ts';
import { cncfConfig, wasmLayer } from '../../media-types.ts';
import { blobOf } from '../../target.ts';
import { type Packaging, imageOf, jsonBytes } from './packaging.ts';
import { pluginFile } from '../../image-documents.ts';

/** Readers require the field; a fixed time keeps the digest reproducible. */
const noTime = '1970-01-01T00:00:00Z';

export const cncf: Packaging = {
  name: 'cncf',
  summary: 'the CNCF Wasm artifact: general Wasm tools and runtimes, no proxy',
  pack(module, metadata) {
    const layer = blobOf(wasmLayer, module, { [titleKey]: pluginFile });
    const config = {
      created: metadata.created ?? noTime,
      ...(metadata.author === undefined ? {} : { author: metadata.author }),
      architecture: 'wasm',
      // The second half of the version word tells a component (WASI 0.2) from a core module.
      os: module[6] === 1 ? 'wasip2' : 'wasip1',
      layerDigests: [layer.descriptor.digest],
    };
    return imageOf({
      config: blobOf(cncfConfig, jsonBytes(config)),
      layers: [layer],
      annotations: annotationsFor(module, metadata),
    });
  },
};
