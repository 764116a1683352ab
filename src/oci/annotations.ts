/** Annotation and label keys, and the ones that wasme puts on an image. */
import { digestOf } from '../io/sha256.ts';
import { type ImageMetadata, sortedByKey } from './packaging/formats/packaging.ts';
import { type RuntimeConfig, envoyProxy } from './packaging/runtime-config.ts';

/** Predefined by the OCI image specification; `title` on a layer is the file name that ORAS gives it. */
export const ociPrefix = 'org.opencontainers.image.';
export const titleKey = `${ociPrefix}title`;
export const createdKey = `${ociPrefix}created`;

/** Of the solo.io Wasm image specification. */
export const variantKey = 'module.wasm.image/variant';
const runtimeTypeKey = 'module.wasm.runtime/type';
const abiVersionKey = 'module.wasm.runtime/abi_version';

/** Ours: what the other keys cannot say, as compact JSON (see `ModuleNote`). */
const moduleKey = 'io.wasme.module';

/** The value of `moduleKey`. */
export interface ModuleNote {
  /** Digest of the unpacked module: what Envoy's `remote.sha256` wants. */
  readonly sha256: string;
  /** Bytes of the unpacked module. */
  readonly size: number;
  readonly rootIds?: readonly string[];
}

/** All annotations of an image, sorted. Nothing is said about a module of which nothing is known. */
export function annotationsFor(module: Uint8Array, metadata: ImageMetadata): Record<string, string> {
  return sortedByKey({
    ...(metadata.runtime === undefined ? {} : runtimeAnnotations(module, metadata.runtime)),
    ...(metadata.created === undefined ? {} : { [createdKey]: metadata.created }),
    ...metadata.annotations,
  });
}

function runtimeAnnotations(module: Uint8Array, runtime: RuntimeConfig): Record<string, string> {
  const note: ModuleNote = {
    sha256: digestOf(module).slice('sha256:'.length),
    size: module.length,
    ...(runtime.rootIds.length === 0 ? {} : { rootIds: runtime.rootIds }),
  };
  return {
    [runtimeTypeKey]: runtime.type,
    ...(runtime.abiVersions.length === 0 ? {} : { [abiVersionKey]: runtime.abiVersions.join(',') }),
    [moduleKey]: JSON.stringify(note),
  };
}

/** What annotations (or labels) tell about the runtime; undefined when they tell nothing. */
export function runtimeFromAnnotations(
  annotations: Readonly<Record<string, string>>,
): RuntimeConfig | undefined {
  const type = annotations[runtimeTypeKey];
  const abi = annotations[abiVersionKey];
  if (type === undefined && abi === undefined) return undefined;
  return {
    type: type ?? envoyProxy,
    abiVersions: (abi ?? '').split(',').filter(version => version !== ''),
    rootIds: rootIdsOf(annotations[moduleKey]),
  };
}

function rootIdsOf(note: string | undefined): readonly string[] {
  try {
    const { rootIds } = JSON.parse(note ?? '{}') as { rootIds?: unknown };
    return Array.isArray(rootIds) ? rootIds.filter(id => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

/** Keys that describe how the module is packed or what it is: a repack makes them anew instead of copying them. */
export function isDerivedKey(key: string): boolean {
  return [variantKey, runtimeTypeKey, abiVersionKey, moduleKey].includes(key);
}
