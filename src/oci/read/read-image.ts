/**
 * Reads any image that holds a Wasm module, also wrongly packed ones, and says how it was packed. Which hosts load it is
 * decided in compatibility/.
 */
import { WasmeError } from '../../errors.ts';
import { printable } from '../../io/printable.ts';
import { wasmKind } from '../../wasm/magic.ts';
import { createdKey, runtimeFromAnnotations, titleKey } from '../annotations.ts';
import type { ImageDocument } from '../packaging/formats/packaging.ts';
import { documentType, pluginFile } from '../image-documents.ts';
import { maxDocumentBytes } from '../limits.ts';
import { soloConfig, soloLayer, vndLayer, wasmLayer } from '../media-types.ts';
import { baseName, isContentFault, layerContent } from './read-layer.ts';
import { type ImageHandle, readConfig } from './open-image.ts';
import { type RuntimeConfig, parseRuntimeConfig, runtimeConfigFile } from '../packaging/runtime-config.ts';
import { type DetectedPackaging, detectPackaging } from './detect-packaging.ts';
import type { Descriptor } from '../target.ts';

/** Everything that an image says and holds. */
export interface ReadImage {
  readonly layout: DetectedPackaging;
  readonly module: Uint8Array;
  /** Place of the module: a layer, or a file in one. */
  readonly modulePath: string;
  readonly moduleKind: 'module' | 'component';
  readonly runtime: RuntimeConfig | undefined;
  /** Manifest annotations, and the config's labels for keys that the manifest lacks. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly created: string | undefined;
  readonly author: string | undefined;
  readonly documents: readonly ImageDocument[];
  /** Oddities of the image, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * Reads the module of an opened image and its metadata. Fails with IMAGE_UNSUPPORTED for artifacts of another kind (Spin,
 * Helm, an ordinary image) and with IMAGE_INVALID for one without a module or with a damaged one.
 */
export async function readImage(image: ImageHandle): Promise<ReadImage> {
  const layout = detectPackaging(image.manifest);
  if (layout.foreign !== undefined) {
    throw new WasmeError('IMAGE_UNSUPPORTED', `${image.descriptor.digest} is ${layout.foreign}`, {
      hint: 'name an image that holds one Proxy-Wasm module',
    });
  }
  const warnings: string[] = [];
  const found = await findModule(image, warnings);
  const kind = wasmKind(found.bytes);
  if (kind === 'other') {
    throw new WasmeError('IMAGE_INVALID', `${found.path} in ${image.descriptor.digest} is not WebAssembly`, {
      hint: 'the wrong file was packed; build and push the module again',
    });
  }
  const config = await readConfig(image);
  const annotations = { ...labelsOf(config), ...image.manifest.annotations };
  const created = annotations[createdKey];
  return {
    layout,
    module: found.bytes,
    modulePath: found.path,
    moduleKind: kind,
    runtime: (await runtimeConfigIn(image)) ?? runtimeFromAnnotations(annotations),
    annotations,
    created: created !== undefined && !Number.isNaN(Date.parse(created)) ? created : undefined,
    author: typeof config['author'] === 'string' ? config['author'] : undefined,
    documents: await documentsIn(image, warnings),
    warnings,
  };
}

interface FoundModule {
  readonly bytes: Uint8Array;
  readonly path: string;
}

const rawTypes: readonly string[] = [soloLayer, wasmLayer, vndLayer];

async function findModule(image: ImageHandle, warnings: string[]): Promise<FoundModule> {
  const { layers } = image.manifest;
  const raw = layers.find(layer => rawTypes.includes(layer.mediaType));
  const rawFound = raw === undefined ? undefined : await fromRawLayer(image, raw, warnings);
  const tarFound = await fromTarLayers(image, warnings);
  if (
    rawFound !== undefined &&
    tarFound !== undefined &&
    !Buffer.from(rawFound.bytes).equals(tarFound.bytes)
  ) {
    warnings.push(
      'the bare layer and the tar hold different modules: Gloo and Istio would run different code',
    );
  }
  const found = rawFound ?? tarFound;
  if (found === undefined) {
    throw new WasmeError('IMAGE_INVALID', `no Wasm module in ${image.descriptor.digest}`, {
      hint: `its layers are ${layers.map(layer => layer.mediaType).join(', ') || 'none'}`,
    });
  }
  return found;
}

async function fromRawLayer(image: ImageHandle, layer: Descriptor, warnings: string[]): Promise<FoundModule> {
  const content = await layerContent(image, layer);
  if (content.compression !== 'none') {
    warnings.push(
      `the layer typed ${layer.mediaType} is ${content.compression}-compressed; readers expect it bare`,
    );
  }
  const inTar = content.form === 'tar' ? moduleInTar(content.entries, []) : undefined;
  if (inTar !== undefined) warnings.push(`the layer typed ${layer.mediaType} is a tar archive`);
  return inTar ?? { bytes: content.bytes, path: `layer ${layer.mediaType}` };
}

/** Proxies look into the last layer; the others are tried so that the image can be explained and repaired. */
async function fromTarLayers(image: ImageHandle, warnings: string[]): Promise<FoundModule | undefined> {
  const { layers } = image.manifest;
  for (const [index, layer] of [...layers.entries()].reverse()) {
    if (rawTypes.includes(layer.mediaType) || !mayBeTar(layer.mediaType)) continue;
    const last = index === layers.length - 1;
    let content;
    try {
      content = await layerContent(image, layer);
    } catch (error) {
      // A damaged layer before a good one is a warning; a damaged last layer is an error.
      if (last || !isContentFault(error)) throw error;
      warnings.push(`layer ${index + 1} cannot be read: ${error.message}`);
      continue;
    }
    if (content.form === 'wasm') {
      warnings.push(`the layer typed ${layer.mediaType} is a bare module, not a tar: no proxy can read it`);
      return { bytes: content.bytes, path: `layer ${index + 1}` };
    }
    const found = moduleInTar(content.entries, warnings);
    if (found === undefined) continue;
    if (!last) {
      warnings.push(
        `the module is in layer ${index + 1} of ${layers.length}; Istio looks into the last one only`,
      );
    }
    return found;
  }
  return undefined;
}

function mayBeTar(mediaType: string): boolean {
  return /(\.tar\b|tar\.|\+gzip$|\+zstd$|octet-stream|rootfs)/.test(mediaType);
}

function moduleInTar(
  entries: readonly { path: string; bytes?: Uint8Array }[],
  warnings: string[],
): FoundModule | undefined {
  const files = entries.filter(entry => entry.bytes !== undefined && entry.path.endsWith('.wasm'));
  const named = files.filter(entry => baseName(entry.path) === pluginFile);
  const [first, second] = named;
  if (second !== undefined) {
    warnings.push(
      `${named.length} files are named ${pluginFile}; proxies take the first, ${printable(first?.path ?? '')}`,
    );
  }
  if (first?.bytes !== undefined) return { bytes: first.bytes, path: first.path };
  const [other] = files;
  if (other?.bytes === undefined || files.length > 1) return undefined;
  warnings.push(`the module is named ${printable(other.path)}; proxies look for ${pluginFile} only`);
  return { bytes: other.bytes, path: other.path };
}

async function runtimeConfigIn(image: ImageHandle): Promise<RuntimeConfig | undefined> {
  const { config, layers } = image.manifest;
  const blob = [config, ...layers].find(item => item.mediaType === soloConfig);
  if (blob !== undefined) {
    return blob.size > maxDocumentBytes ? undefined : parseRuntimeConfig(await image.blob(blob));
  }
  const [entry] = await tarFiles(image, name => name === runtimeConfigFile);
  return entry === undefined ? undefined : parseRuntimeConfig(entry.bytes);
}

async function documentsIn(image: ImageHandle, warnings: string[]): Promise<ImageDocument[]> {
  const documents: ImageDocument[] = [];
  for (const layer of image.manifest.layers) {
    const name = layer.annotations?.[titleKey];
    if (name === undefined || documentType(name) !== layer.mediaType) continue;
    if (layer.size > maxDocumentBytes) {
      warnings.push(
        `${printable(name)} has ${layer.size} bytes and was left out; the limit is ${maxDocumentBytes}`,
      );
    } else {
      documents.push({ name, bytes: await image.blob(layer) });
    }
  }
  return documents;
}

async function tarFiles(image: ImageHandle, wanted: (name: string) => boolean): Promise<ImageDocument[]> {
  const last = image.manifest.layers.at(-1);
  if (last === undefined || rawTypes.includes(last.mediaType) || !mayBeTar(last.mediaType)) return [];
  const { entries } = await layerContent(image, last);
  return entries.flatMap(({ path, bytes }) => {
    const name = baseName(path);
    return bytes !== undefined && wanted(name) ? [{ name, bytes }] : [];
  });
}

function labelsOf(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const inner = config['config'];
  const labels: unknown =
    typeof inner === 'object' && inner !== null && 'Labels' in inner ? inner.Labels : {};
  if (typeof labels !== 'object' || labels === null) return {};
  return Object.fromEntries(
    Object.entries(labels).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
