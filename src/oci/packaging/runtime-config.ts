/**
 * Reads and writes the old tool's runtime-config.json: host type, ABI versions, root ids. Reads every spelling that occurs.
 * https://github.com/solo-io/wasm/blob/master/spec/spec.md
 */
import { Malformed, type Reader, listOf, optional, shape, text } from '../json-decoders.ts';

export interface RuntimeConfig {
  /** `envoy_proxy` in all known images. */
  readonly type: string;
  /** `v0.2.1`, or the commit-named versions of old Istio and Gloo. */
  readonly abiVersions: readonly string[];
  readonly rootIds: readonly string[];
}

export const envoyProxy = 'envoy_proxy';
/** Name of the file in projects, and title of the config in images. */
export const runtimeConfigFile = 'runtime-config.json';

/** Both spellings occur in images. */
interface Written {
  readonly type?: string | undefined;
  readonly abiVersions?: readonly string[] | undefined;
  readonly abi_versions?: readonly string[] | undefined;
  readonly abi_version?: string | undefined;
  readonly config?:
    | { readonly rootIds?: readonly string[] | undefined; readonly root_ids?: readonly string[] | undefined }
    | undefined;
}

const texts = optional(listOf(text()));
const written: Reader<Written> = shape({
  type: optional(text()),
  abiVersions: texts,
  abi_versions: texts,
  abi_version: optional(text()),
  config: optional(shape({ rootIds: texts, root_ids: texts })),
});

/** Writes it as the old tool did, compact: key order and spelling are part of the image's digest. */
export function runtimeConfigBytes({ type, abiVersions, rootIds }: RuntimeConfig): Uint8Array {
  return Buffer.from(JSON.stringify({ type, abiVersions, config: { rootIds } }), 'utf8');
}

/** Reads camel and snake case, and one version as a plain string. Returns undefined for any other document. */
export function parseRuntimeConfig(bytes: Uint8Array): RuntimeConfig | undefined {
  let read: Written;
  try {
    const text = Buffer.from(bytes).toString('utf8');
    read = written(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch (error) {
    // RangeError: the document is nested deeper than the parser allows.
    const isBad = [Malformed, SyntaxError, RangeError].some(kind => error instanceof kind);
    if (isBad) return undefined;
    throw error;
  }
  const { type, abiVersions, abi_versions, abi_version, config } = read;
  return {
    type: type ?? envoyProxy,
    abiVersions: abiVersions ?? abi_versions ?? (abi_version === undefined ? [] : [abi_version]),
    rootIds: config?.rootIds ?? config?.root_ids ?? [],
  };
}
