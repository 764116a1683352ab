/**
 * Follows the image loader of Istio's agent, which Envoy Gateway and Higress contain too, step by step: the last layer decides, the
 * config and annotations are never read. https://github.com/istio/istio/blob/master/pkg/wasm/imagefetcher.go
 */
import { compressionOf } from '../read/decompress.ts';
import { pluginFile } from '../image-documents.ts';
import { maxModuleBytes } from '../../io/files/file-limits.ts';
import {
  dockerLayerTarGzip,
  dockerManifest,
  isIndexType,
  ociLayerTarGzip,
  soloLayer,
} from '../media-types.ts';
import { type Compatibility, compatible, incompatible } from '../../wasm/compatibility/check-module.ts';
import { isWasm } from '../../wasm/magic.ts';
import { baseName, layerContent } from '../read/read-layer.ts';
import { type ImageHandle, platformText } from '../read/open-image.ts';
import type { Descriptor } from '../target.ts';

/** As in loaders.ts: repacking helps when the content is not at fault. */
type Answer = Compatibility<'repack'>;

export const istioModern = (image: ImageHandle): Promise<Answer> => judge(image, false);
/** Before 1.16 an image had to have exactly one layer. */
export const istioLegacy = (image: ImageHandle): Promise<Answer> => judge(image, true);

async function judge(image: ImageHandle, oneLayer: boolean): Promise<Answer> {
  if (image.index === undefined) return judgeImage(image, oneLayer);
  const { manifests } = image.index.index;
  const child = manifests.find(isAmd64);
  if (child === undefined || isIndexType(child.mediaType)) {
    const there = manifests.map(item => platformText(item.platform)).join(', ');
    return incompatible(`the index has no child for linux/amd64 (it has ${there || 'none'})`, 'repack');
  }
  const chosen = child.digest === image.descriptor.digest ? image : await image.open(child);
  const notes = [`pin ${child.digest}: the digest of the index never matches what is loaded`];
  return { ...(await judgeImage(chosen, oneLayer)), notes };
}

function isAmd64({ platform }: Descriptor): boolean {
  return platform === undefined || (platform.os === 'linux' && platform.architecture === 'amd64');
}

async function judgeImage(image: ImageHandle, oneLayer: boolean): Promise<Answer> {
  const { layers } = image.manifest;
  if (image.ownMediaType === dockerManifest) {
    const tar = await fromTar(image, dockerLayerTarGzip, oneLayer);
    return typeof tar === 'string'
      ? incompatible(`as a Docker image: ${tar}`, 'repack')
      : checked(tar, 'Docker image');
  }
  const tar = await fromTar(image, ociLayerTarGzip, oneLayer);
  if (typeof tar !== 'string') return checked(tar, 'OCI image with a tar layer');
  if (layers.length !== 2) {
    return incompatible(
      `${tar}; and the bare-module layout must have two layers, this one has ${layers.length}`,
      'repack',
    );
  }
  const bare = layers.find(layer => layer.mediaType === soloLayer);
  if (bare === undefined) return incompatible(`${tar}; and no layer has the type ${soloLayer}`, 'repack');
  if (bare.size > maxModuleBytes) return incompatible(tooLarge(bare.size));
  return checked(await image.blob(bare), 'bare module and runtime config');
}

/** The bytes that would be taken for the module, or why there are none. */
async function fromTar(image: ImageHandle, wanted: string, oneLayer: boolean): Promise<Uint8Array | string> {
  const { layers } = image.manifest;
  const last = layers.at(-1);
  if (last === undefined) return 'it has no layers';
  if (oneLayer && layers.length !== 1) return `it must have exactly one layer, it has ${layers.length}`;
  if (last.mediaType !== wanted) return `the last layer is ${last.mediaType}, not ${wanted}`;
  if (last.size > maxModuleBytes) return tooLarge(last.size);
  // The type is believed, the bytes have to be gzip: Go's reader refuses anything else.
  if (compressionOf(await image.blob(last)) !== 'gzip') return 'the last layer is not gzip-compressed';
  const { form, entries } = await layerContent(image, last);
  if (form !== 'tar') return 'the last layer is not a tar archive';
  // Links, folders and devices of that name count and read as empty.
  const entry = entries.find(item => baseName(item.path) === pluginFile);
  if (entry === undefined) return `the last layer holds no file named ${pluginFile}`;
  return entry.bytes ?? new Uint8Array(0);
}

function checked(bytes: Uint8Array, as: string): Answer {
  if (bytes.length > maxModuleBytes) return incompatible(tooLarge(bytes.length));
  if (bytes.length < 8 || !isWasm(bytes)) return incompatible(`${pluginFile} is not WebAssembly`);
  return compatible(`loads as ${as}`);
}

function tooLarge(size: number): string {
  return `it has ${size} bytes, over the loader's limit of ${maxModuleBytes}`;
}
