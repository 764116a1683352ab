/** What the old tool's runtime-config.json says about a module: host type, ABI versions, root ids. Read in every spelling seen. */
import { Malformed, type Reader, listOf, optional, shape, text } from '../json-decoders.ts';

export interface RuntimeConfig {
  /** `envoy_proxy` in every image that was seen. */
  readonly type: string;
  /** `v0.2.1`, or the commit-named versions of old Istio and Gloo. */
  readonly abiVersions: readonly string[];
  readonly rootIds: readonly string[];
}

export const envoyProxy = 'envoy_proxy';
/** In projects, and as the title of the config in images. */
export const runtimeConfigFile = 'runtime-config.json';

/** Both spellings that were seen in images. */
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

/** As the old tool wrote it, compact: key order and spelling are part of the image's digest. */
export function runtimeConfigBytes({ type, abiVersions, rootIds }: RuntimeConfig): Uint8Array {
  return Buffer.from(JSON.stringify({ type, abiVersions, config: { rootIds } }), 'utf8');
}

/** Liberal: camel and snake case, one version as a plain string. undefined when it is no such document. */
export function parseRuntimeConfig(bytes: Uint8Array): RuntimeConfig | undefined {
  let read: Written;
  try {
    const text = Buffer.from(bytes).toString('utf8');
    read = written(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch (error) {
    // RangeError: nested deeper than the parser goes.
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
