/** Fields of Istio by version. Data only; an unknown newer version counts as the newest. */
import { WasmeError } from '../../errors.ts';
import { newestIstioMinor } from '../../wasm/hosts.ts';

export interface IstioVersion {
  /** 30 for 1.30.x. */
  readonly minor: number;
  /** As it was given: `1.30.1`. */
  readonly text: string;
}

export const newestIstio: IstioVersion = { minor: newestIstioMinor, text: `1.${newestIstioMinor}` };

/** Feature → first minor version of Istio 1 that has it. */
export const since = {
  /** Filter code by extension discovery in an EnvoyFilter; before, the module must lie in the proxy's container. */
  extensionConfig: 9,
  wasmPlugin: 12,
  /** oci:// in an EnvoyFilter's remote code. */
  imageInEnvoyFilter: 12,
  env: 14,
  match: 16,
  failStrategy: 19,
  type: 20,
  /** Network filters by extension discovery. */
  networkExtensionConfig: 20,
  targetRef: 20,
  /** On WasmPlugin and on EnvoyFilter. */
  targetRefs: 22,
  failReload: 27,
  waypointContext: 29,
  trafficExtension: 30,
} as const;

/** `1.30`, `1.30.1`, `v1.9.x`, `1.31-alpha.0`. Fails with USAGE. */
export function parseIstioVersion(text: string): IstioVersion {
  const minor = /^v?1\.(\d+)(?:[.-][\w.+-]*)?$/.exec(text.trim())?.[1];
  if (minor === undefined || Number(minor) < 5) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} is not a version of Istio with Wasm filters`, {
      hint: `versions look like 1.30 or 1.30.1, from 1.5 on; the newest known here is ${newestIstio.text}`,
    });
  }
  return { minor: Number(minor), text: text.trim().replace(/^v/, '') };
}
