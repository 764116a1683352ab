/** Names annotation and label keys, and makes the ones that wasme writes. */
import { digestOf } from '../io/sha256.ts';
import { type ImageMetadata, sortedByKey } from './packaging/formats/packaging.ts';
import { type RuntimeConfig, envoyProxy } from './packaging/runtime-config.ts';

/**
 * Predefined keys; `title` on a layer is the file name that ORAS gives it.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 */
export const ociPrefix = 'org.opencontainers.image.';
export const titleKey = `${ociPrefix}title`;
export const createdKey = `${ociPrefix}created`;

/** Keys of the solo.io Wasm image specification. https://github.com/solo-io/wasm/blob/master/spec/spec-compat.md */
export const variantKey = 'module.wasm.image/variant';
const runtimeTypeKey = 'module.wasm.runtime/type';
const abiVersionKey = 'module.wasm.runtime/abi_version';

/** Our own key for what the others cannot express, as compact JSON (see `ModuleNote`). */
const moduleKey = 'io.wasme.module';

/** The value of `moduleKey`. */
export interface ModuleNote {
  /** Digest of the unpacked module, for Envoy's `remote.sha256`. */
  readonly sha256: string;
  /** Bytes of the unpacked module. */
  readonly size: number;
  readonly rootIds?: readonly string[];
}

/** Returns all annotations of an image, sorted. A module without known runtime gets no annotations about it. */
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

/** Reads the runtime from annotations or labels; undefined when they do not name it. */
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

/** Returns whether a key describes the module or its packaging: a repack computes it instead of copying it. */
export function isDerivedKey(key: string): boolean {
  return [variantKey, runtimeTypeKey, abiVersionKey, moduleKey].includes(key);
}
