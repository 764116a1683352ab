/** `kubewarden`: the bare module with the media types of kwctl, wasm-to-oci and older Rust tools. */
import { annotationsFor, titleKey } from '../../annotations.ts';
import { vndConfig, vndLayer } from '../../media-types.ts';
import { blobOf } from '../../target.ts';
import { type Packaging, imageOf } from './packaging.ts';
import { pluginFile } from '../../image-documents.ts';

export const kubewarden: Packaging = {
  name: 'kubewarden',
  summary: 'as kwctl and wasm-to-oci type it: Kubewarden, no proxy',
  pack(module, metadata) {
    return imageOf({
      config: blobOf(vndConfig, Buffer.from('{}')),
      layers: [blobOf(vndLayer, module, { [titleKey]: pluginFile })],
      annotations: annotationsFor(module, metadata),
    });
  },
};
