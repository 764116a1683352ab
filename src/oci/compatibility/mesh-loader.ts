/**
 * The image loader of Istio's agent, which Envoy Gateway and Higress carry too, step by step (reference A.4).
 * It never reads the config or annotations; the last layer decides.
 */
import { compressionOf } from '../read/decompress.ts';
import { pluginFile } from '../image-documents.ts';
import { type Compatibility, incompatible, compatible } from './compatibility.ts';
import { maxModuleBytes } from '../limits.ts';
import {
  dockerLayerTarGzip,
  dockerManifest,
  isIndexType,
  ociLayerTarGzip,
  soloLayer,
} from '../media-types.ts';
import { isWasm } from '../../wasm/magic.ts';
import { baseName, layerContent } from '../read/read-layer.ts';
import { type ImageHandle, platformText } from '../read/open-image.ts';
import type { Descriptor } from '../target.ts';

export const istioModern = (image: ImageHandle): Promise<Compatibility> => judge(image, false);
/** Before 1.16 an image had to have exactly one layer. */
export const istioLegacy = (image: ImageHandle): Promise<Compatibility> => judge(image, true);

async function judge(image: ImageHandle, oneLayer: boolean): Promise<Compatibility> {
  if (image.index === undefined) return judgeImage(image, oneLayer);
  const { manifests } = image.index.index;
  const child = manifests.find(isAmd64);
  if (child === undefined || isIndexType(child.mediaType)) {
    const there = manifests.map(item => platformText(item.platform)).join(', ');
    return incompatible(`the index has no child for linux/amd64 (it has ${there || 'none'})`);
  }
  const chosen = child.digest === image.descriptor.digest ? image : await image.open(child);
  const verdict = await judgeImage(chosen, oneLayer);
  return { ...verdict, note: `pin ${child.digest}: the digest of the index never matches what is loaded` };
}

function isAmd64({ platform }: Descriptor): boolean {
  return platform === undefined || (platform.os === 'linux' && platform.architecture === 'amd64');
}

async function judgeImage(image: ImageHandle, oneLayer: boolean): Promise<Compatibility> {
  const { layers } = image.manifest;
  if (image.ownMediaType === dockerManifest) {
    const tar = await fromTar(image, dockerLayerTarGzip, oneLayer);
    return typeof tar === 'string' ? incompatible(`as a Docker image: ${tar}`) : checked(tar, 'Docker image');
  }
  const tar = await fromTar(image, ociLayerTarGzip, oneLayer);
  if (typeof tar !== 'string') return checked(tar, 'OCI image with a tar layer');
  if (layers.length !== 2) {
    return incompatible(
      `${tar}; and the bare-module layout must have two layers, this one has ${layers.length}`,
    );
  }
  const bare = layers.find(layer => layer.mediaType === soloLayer);
  if (bare === undefined) return incompatible(`${tar}; and no layer has the type ${soloLayer}`);
  if (bare.size > maxModuleBytes) return { ok: false, reason: tooLarge(bare.size) };
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

function checked(bytes: Uint8Array, as: string): Compatibility {
  if (bytes.length > maxModuleBytes) return { ok: false, reason: tooLarge(bytes.length) };
  if (bytes.length < 8 || !isWasm(bytes)) return { ok: false, reason: `${pluginFile} is not WebAssembly` };
  return compatible(`loads as ${as}`);
}

function tooLarge(size: number): string {
  return `it has ${size} bytes, over the loader's limit of ${maxModuleBytes}`;
}
