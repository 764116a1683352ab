/** What the old tool's runtime-config.json says about a module: host type, ABI versions, root ids. Read in every spelling seen. */
import { runtimeConfigSchema } from '../project/schema.ts';

export interface RuntimeConfig {
  /** `envoy_proxy` in every image that was seen. */
  readonly type: string;
  /** `v0.2.1`, or the commit-named versions of old Istio and Gloo. */
  readonly abiVersions: readonly string[];
  readonly rootIds: readonly string[];
}

export const envoyProxy = 'envoy_proxy';

/** As the old tool wrote it, compact: key order and spelling are part of the image's digest. */
export function runtimeConfigBytes({ type, abiVersions, rootIds }: RuntimeConfig): Uint8Array {
  return Buffer.from(JSON.stringify({ type, abiVersions, config: { rootIds } }), 'utf8');
}

/** Liberal: camel and snake case, one version as a plain string. undefined when it is no such document. */
export function parseRuntimeConfig(bytes: Uint8Array): RuntimeConfig | undefined {
  let json: unknown;
  try {
    json = JSON.parse(
      Buffer.from(bytes)
        .toString('utf8')
        .replace(/^\uFEFF/, ''),
    );
  } catch {
    return undefined;
  }
  const parsed = runtimeConfigSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { type, abiVersions, abi_versions, abi_version, config } = parsed.data;
  return {
    type: type ?? envoyProxy,
    abiVersions: abiVersions ?? abi_versions ?? (abi_version === undefined ? [] : [abi_version]),
    rootIds: config?.rootIds ?? config?.root_ids ?? [],
  };
}

/** The marker that a module exports → the name of the version: `proxy_abi_version_0_2_1` → `v0.2.1`. */
export function abiVersionName(marker: string): string {
  return `v${marker.replace(/^proxy_abi_version_/, '').replaceAll('_', '.')}`;
}
