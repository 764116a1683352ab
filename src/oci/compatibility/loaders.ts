/**
 * Lists the programs that load Wasm images and their rules, as their sources have them and as they were seen to work. Each rule is
 * one function without a clock; it reads nothing but the blobs of the image.
 */
import { type Compatibility, compatible, incompatible } from '../../wasm/compatibility/check-module.ts';
import type { HostVersion } from '../../wasm/hosts.ts';
import { isWasm, wasmKind } from '../../wasm/magic.ts';
import { pluginFile } from '../image-documents.ts';
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
import type { PackagingName } from '../packaging/formats/index.ts';
import { type ImageHandle, isAttestation } from '../read/open-image.ts';
import { isContentFault, layerContent } from '../read/read-layer.ts';
import { istioLegacy, istioModern } from './mesh-loader.ts';

/** The answer of a rule. Its repair is `repack` when the packaging is at fault and not the content: another one would load. */
export type LoaderAnswer = Compatibility<'repack'>;

export interface Loader {
  readonly title: string;
  /** Packagings that it takes, the best one first. */
  readonly takes: readonly PackagingName[];
  readonly rule: (image: ImageHandle) => Promise<LoaderAnswer>;
}

/** Every loader of images whose rules are known. */
export const loaders = {
  istio: {
    title: 'Istio 1.16 and newer',
    takes: ['compat', 'docker', 'oci', 'hybrid', 'higress'],
    rule: istioModern,
  },
  'istio-1.12': {
    title: 'Istio 1.12 to 1.15',
    takes: ['compat', 'docker', 'oci', 'hybrid'],
    rule: istioLegacy,
  },
  'envoy-gateway': {
    title: 'Envoy Gateway 1.1 and newer',
    takes: ['compat', 'docker', 'oci', 'hybrid', 'higress'],
    rule: istioModern,
  },
  higress: {
    title: 'Higress 2',
    takes: ['compat', 'higress', 'docker', 'oci', 'hybrid'],
    rule: istioModern,
  },
  gloo: { title: 'Gloo Edge Enterprise', takes: ['oci', 'hybrid'], rule: soloGloo },
  wasme: { title: 'the old wasme', takes: ['oci', 'hybrid'], rule: oldWasme },
  gcp: { title: 'Google Cloud Service Extensions', takes: ['compat', 'docker'], rule: googleCloud },
  cncf: { title: 'CNCF Wasm runtimes', takes: ['cncf'], rule: cncfRuntime },
  wasmcloud: { title: 'wasmCloud', takes: ['cncf', 'raw'], rule: wasmCloud },
  kwctl: { title: 'Kubewarden', takes: ['kubewarden'], rule: kwctl },
} as const satisfies Record<string, Loader>;

export type LoaderName = keyof typeof loaders;
export const loaderNames = Object.keys(loaders) as readonly LoaderName[];

/**
 * Checks an image for one loader; the repair is the packaging to convert to. A damaged image is a refusal; only what prevents reading
 * it at all (network, wrong digest) fails.
 */
export async function checkImage(
  name: LoaderName,
  image: ImageHandle,
): Promise<Compatibility<PackagingName>> {
  const { rule, takes }: Loader = loaders[name];
  try {
    const answer = await rule(image);
    return { ...answer, repair: answer.repair === null ? null : (takes[0] ?? null) };
  } catch (error) {
    if (!isContentFault(error)) throw error;
    return incompatible(error.message);
  }
}

/** Returns the loader inside a host, or undefined for a host that takes no images (Envoy: files and HTTP only). */
export function loaderOf(host: HostVersion): LoaderName | undefined {
  switch (host.name) {
    case 'envoy':
      return undefined;
    case 'istio':
      return (host.version?.minor ?? 16) >= 16 ? 'istio' : 'istio-1.12';
    default:
      return host.name;
  }
}

/** Says whether a host is too old for images: Istio before 1.12 and Envoy Gateway 1.0. */
export function fetchesNoImages(host: HostVersion): boolean {
  const minor = host.version?.minor;
  if (minor === undefined) return false;
  return (host.name === 'istio' && minor < 12) || (host.name === 'envoy-gateway' && minor < 1);
}

/** Looks through config and layers for the first child of its type; how many there are does not matter. */
async function soloGloo(image: ImageHandle): Promise<LoaderAnswer> {
  if (image.index !== undefined) return incompatible('it follows no index', 'repack');
  const { config, layers } = image.manifest;
  const bare = [config, ...layers].find(item => item.mediaType === soloLayer);
  if (bare === undefined) return incompatible(`no layer has the type ${soloLayer}`, 'repack');
  if (!isWasm(await image.blob(bare)))
    return incompatible('the module layer is not bare WebAssembly', 'repack');
  return compatible('finds the bare module');
}

async function oldWasme(image: ImageHandle): Promise<LoaderAnswer> {
  const verdict = await soloGloo(image);
  const { config, layers } = image.manifest;
  const hasConfig = [config, ...layers].some(item => item.mediaType === soloConfig);
  if (!verdict.ok || hasConfig) return verdict;
  return {
    ...verdict,
    notes: ['it has no runtime config: pull works, deploy does not know root ids and ABI'],
  };
}

/** An ordinary container image whose file system is one file. */
async function googleCloud(image: ImageHandle): Promise<LoaderAnswer> {
  const { config, layers } = image.manifest;
  const children = image.index?.index.manifests.filter(child => !isAttestation(child)) ?? [];
  if (children.length > 1) return incompatible('the index has more than one image', 'repack');
  if (config.mediaType !== ociConfig && config.mediaType !== dockerConfig) {
    return incompatible(`it must be a container image; the config is ${config.mediaType}`, 'repack');
  }
  const [layer] = layers;
  if (layer === undefined || layers.length > 1)
    return incompatible(`it must have one layer, it has ${layers.length}`, 'repack');
  if (layer.mediaType !== ociLayerTarGzip && layer.mediaType !== dockerLayerTarGzip) {
    return incompatible(`the layer is ${layer.mediaType}, not a gzipped tar`, 'repack');
  }
  const { entries } = await layerContent(image, layer);
  const files = entries.filter(entry => entry.type !== 'Directory');
  const [file] = files;
  if (file === undefined || files.length > 1 || file.path.replace(/^\.?\//, '') !== pluginFile) {
    return incompatible(`it must have exactly one file, /${pluginFile}; it has ${files.length}`, 'repack');
  }
  return file.bytes !== undefined && isWasm(file.bytes)
    ? compatible(`one file, ${pluginFile}`)
    : incompatible(`${pluginFile} is not WebAssembly`);
}

async function cncfRuntime(image: ImageHandle): Promise<LoaderAnswer> {
  if (image.index !== undefined) return incompatible('it follows no index', 'repack');
  const { config, layers } = image.manifest;
  if (config.mediaType !== cncfConfig)
    return incompatible(`the config is ${config.mediaType}, not ${cncfConfig}`, 'repack');
  const [layer] = layers;
  if (layer === undefined || layers.length > 1)
    return incompatible(`it must have one layer, it has ${layers.length}`, 'repack');
  if (layer.mediaType !== wasmLayer)
    return incompatible(`the layer is ${layer.mediaType}, not ${wasmLayer}`, 'repack');
  const kind = wasmKind(await image.blob(layer));
  if (kind === 'other') return incompatible('the layer is not WebAssembly');
  const notes = kind === 'module' ? ['wkg and cargo-component take components only'] : [];
  return compatible('a CNCF Wasm artifact', notes);
}

async function wasmCloud(image: ImageHandle): Promise<LoaderAnswer> {
  const { layers } = image.manifest;
  const other = layers.find(({ mediaType }) => mediaType !== wasmLayer && mediaType !== soloLayer);
  if (other !== undefined) return incompatible(`it accepts no layer of type ${other.mediaType}`, 'repack');
  const [layer] = layers;
  if (layer === undefined) return incompatible('it has no layers', 'repack');
  return wasmKind(await image.blob(layer)) === 'component'
    ? compatible('a component in a layer it knows')
    : incompatible('it runs components, not core modules');
}

async function kwctl(image: ImageHandle): Promise<LoaderAnswer> {
  if (image.index !== undefined) return incompatible('it follows no index', 'repack');
  const { layers } = image.manifest;
  const other = layers.find(({ mediaType }) => mediaType !== vndLayer);
  if (other !== undefined) return incompatible(`it accepts no layer of type ${other.mediaType}`, 'repack');
  const [layer] = layers;
  if (layer === undefined) return incompatible('it has no layers', 'repack');
  return isWasm(await image.blob(layer))
    ? compatible('a bare module in the layer type it knows')
    : incompatible('the layer is not WebAssembly');
}
