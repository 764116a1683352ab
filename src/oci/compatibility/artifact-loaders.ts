/** Readers that are not the mesh loader: by media types of config and layers, each with a rule of its own (reference A.3). */
import { pluginFile } from '../image-documents.ts';
import { type Compatibility, incompatible, compatible } from './compatibility.ts';
import {
  cncfConfig,
  dockerConfig,
  dockerLayerTarGzip,
  ociConfig,
  ociLayerTarGzip,
  soloConfig,
  soloLayer,
  vndLayer,
  wasmLayer,
} from '../media-types.ts';
import { isWasm, wasmKind } from '../../wasm/magic.ts';
import { layerContent } from '../read/read-layer.ts';
import { type ImageHandle, isAttestation } from '../read/open-image.ts';

/** Looks through config and layers for the first child of its type; how many there are does not matter. */
export async function soloGloo(image: ImageHandle): Promise<Compatibility> {
  if (image.index !== undefined) return incompatible('it follows no index');
  const { config, layers } = image.manifest;
  const bare = [config, ...layers].find(item => item.mediaType === soloLayer);
  if (bare === undefined) return incompatible(`no layer has the type ${soloLayer}`);
  if (!isWasm(await image.blob(bare))) return incompatible('the module layer is not bare WebAssembly');
  return compatible('finds the bare module');
}

export async function oldWasme(image: ImageHandle): Promise<Compatibility> {
  const verdict = await soloGloo(image);
  const { config, layers } = image.manifest;
  const hasConfig = [config, ...layers].some(item => item.mediaType === soloConfig);
  if (!verdict.ok || hasConfig) return verdict;
  return { ...verdict, note: 'it has no runtime config: pull works, deploy does not know root ids and ABI' };
}

/** An ordinary container image whose file system is one file. */
export async function googleCloud(image: ImageHandle): Promise<Compatibility> {
  const { config, layers } = image.manifest;
  const children = image.index?.index.manifests.filter(child => !isAttestation(child)) ?? [];
  if (children.length > 1) return incompatible('the index has more than one image');
  if (config.mediaType !== ociConfig && config.mediaType !== dockerConfig) {
    return incompatible(`it wants a container image; the config is ${config.mediaType}`);
  }
  const [layer] = layers;
  if (layer === undefined || layers.length > 1)
    return incompatible(`it wants one layer, there are ${layers.length}`);
  if (layer.mediaType !== ociLayerTarGzip && layer.mediaType !== dockerLayerTarGzip) {
    return incompatible(`the layer is ${layer.mediaType}, not a gzipped tar`);
  }
  const { entries } = await layerContent(image, layer);
  const files = entries.filter(entry => entry.type !== 'Directory');
  const [file] = files;
  if (file === undefined || files.length > 1 || file.path.replace(/^\.?\//, '') !== pluginFile) {
    return incompatible(`it wants exactly one file, /${pluginFile}; there are ${files.length}`);
  }
  return file.bytes !== undefined && isWasm(file.bytes)
    ? compatible(`one file, ${pluginFile}`)
    : { ok: false, reason: `${pluginFile} is not WebAssembly` };
}

export async function cncfRuntime(image: ImageHandle): Promise<Compatibility> {
  if (image.index !== undefined) return incompatible('it follows no index');
  const { config, layers } = image.manifest;
  if (config.mediaType !== cncfConfig)
    return incompatible(`the config is ${config.mediaType}, not ${cncfConfig}`);
  const [layer] = layers;
  if (layer === undefined || layers.length > 1)
    return incompatible(`it wants one layer, there are ${layers.length}`);
  if (layer.mediaType !== wasmLayer) return incompatible(`the layer is ${layer.mediaType}, not ${wasmLayer}`);
  const kind = wasmKind(await image.blob(layer));
  if (kind === 'other') return { ok: false, reason: 'the layer is not WebAssembly' };
  const note = kind === 'module' ? 'wkg and cargo-component take components only' : undefined;
  return { ...compatible('a CNCF Wasm artifact'), note };
}

export async function wasmCloud(image: ImageHandle): Promise<Compatibility> {
  const { layers } = image.manifest;
  const other = layers.find(({ mediaType }) => mediaType !== wasmLayer && mediaType !== soloLayer);
  if (other !== undefined) return incompatible(`it accepts no layer of type ${other.mediaType}`);
  const [layer] = layers;
  if (layer === undefined) return incompatible('it has no layers');
  return wasmKind(await image.blob(layer)) === 'component'
    ? compatible('a component in a layer it knows')
    : { ok: false, reason: 'it runs components, not core modules' };
}

export async function kwctl(image: ImageHandle): Promise<Compatibility> {
  if (image.index !== undefined) return incompatible('it follows no index');
  const { layers } = image.manifest;
  const other = layers.find(({ mediaType }) => mediaType !== vndLayer);
  if (other !== undefined) return incompatible(`it accepts no layer of type ${other.mediaType}`);
  const [layer] = layers;
  if (layer === undefined) return incompatible('it has no layers');
  return isWasm(await image.blob(layer))
    ? compatible('a bare module in the layer type it knows')
    : { ok: false, reason: 'the layer is not WebAssembly' };
}
