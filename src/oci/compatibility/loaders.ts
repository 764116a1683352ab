/**
 * Who would load an image, why not, and what repairs it. Rules of the loaders themselves, read in their sources and
 * seen at work; one function per family, no clock, no network but the image's own blobs.
 */
import type { HostVersion } from '../../wasm/hosts.ts';
import { istioLegacy, istioModern } from './mesh-loader.ts';
import { cncfRuntime, googleCloud, kwctl, oldWasme, soloGloo, wasmCloud } from './artifact-loaders.ts';
import type { Compatibility } from './compatibility.ts';
import type { PackagingName } from '../packaging/formats/index.ts';
import { isContentFault } from '../read/read-layer.ts';
import type { ImageHandle } from '../read/open-image.ts';

export interface ImageCompatibility {
  readonly ok: boolean;
  /** Why, as part of a sentence. */
  readonly reason: string;
  /** The layout to convert to; undefined when it loads, or when no layout would help. */
  readonly repair?: PackagingName | undefined;
  /** Something true that does not decide: a digest that must not be pinned, a part that is ignored. */
  readonly note?: string | undefined;
}

export interface Loader {
  readonly title: string;
  /** Layouts it takes, the best one first. */
  readonly takes: readonly PackagingName[];
  readonly judge: (image: ImageHandle) => Promise<Compatibility>;
}

/** Every reader of images whose rules are known. */
export const loaders = {
  istio: {
    title: 'Istio 1.16 and newer',
    takes: ['compat', 'docker', 'oci', 'hybrid', 'higress'],
    judge: istioModern,
  },
  'istio-1.12': {
    title: 'Istio 1.12 to 1.15',
    takes: ['compat', 'docker', 'oci', 'hybrid'],
    judge: istioLegacy,
  },
  'envoy-gateway': {
    title: 'Envoy Gateway 1.1 and newer',
    takes: ['compat', 'docker', 'oci', 'hybrid'],
    judge: istioModern,
  },
  higress: {
    title: 'Higress 2',
    takes: ['compat', 'higress', 'docker', 'oci', 'hybrid'],
    judge: istioModern,
  },
  gloo: { title: 'Gloo Edge Enterprise', takes: ['oci', 'hybrid'], judge: soloGloo },
  wasme: { title: 'the old wasme', takes: ['oci', 'hybrid'], judge: oldWasme },
  gcp: { title: 'Google Cloud Service Extensions', takes: ['compat', 'docker'], judge: googleCloud },
  cncf: { title: 'CNCF Wasm runtimes', takes: ['cncf'], judge: cncfRuntime },
  wasmcloud: { title: 'wasmCloud', takes: ['cncf', 'raw'], judge: wasmCloud },
  kwctl: { title: 'Kubewarden', takes: ['kubewarden'], judge: kwctl },
} as const satisfies Record<string, Loader>;

export type LoaderName = keyof typeof loaders;
export const loaderNames = Object.keys(loaders) as readonly LoaderName[];

/** Judges an image for one reader. Damage is a verdict; only what hinders reading at all (network, digest) fails. */
export async function checkImage(name: LoaderName, image: ImageHandle): Promise<ImageCompatibility> {
  const consumer: Loader = loaders[name];
  try {
    const { ok, reason, note, repack } = await consumer.judge(image);
    return { ok, reason, note, repair: repack ? consumer.takes[0] : undefined };
  } catch (error) {
    if (!isContentFault(error)) throw error;
    return { ok: false, reason: error.message };
  }
}

/** The reader inside a host; undefined when the host takes no images (Envoy: files and HTTP only). */
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

/** Istio before 1.12 and Envoy Gateway 1.0 fetch no images at all. */
export function fetchesNoImages(host: HostVersion): boolean {
  const minor = host.version?.minor;
  if (minor === undefined) return false;
  return (host.name === 'istio' && minor < 12) || (host.name === 'envoy-gateway' && minor < 1);
}
