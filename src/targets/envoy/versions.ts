/** Fields of Envoy by release. The rows of 1.36 to 1.40 were tried with the binaries; older ones are from release notes. */
import { WasmeError } from '../../errors.ts';
import { newestEnvoyMinor, oldestEnvoyMinor } from '../../wasm/hosts.ts';

/** Minor release in which a field appeared. */
const since = {
  /** `V4_PREFERRED` and `ALL` of `dns_lookup_family`. */
  dnsFamilies: 20,
  /** `failure_policy` and `reload_config`; before it `fail_open`. */
  failurePolicy: 33,
  allowOnHeadersStopIteration: 35,
  /** The capability list lives in the VM's configuration; before it in the plugin's. */
  vmCapabilities: 40,
} as const;

export type EnvoyFeature = keyof typeof since;

/** The release that documents are written for when none is named. */
export const newestEnvoy = `1.${newestEnvoyMinor}`;

/** An Envoy release as far as fields depend on it: the n of 1.n. */
export interface EnvoyVersion {
  readonly minor: number;
  readonly text: string;
  /** Release of a mesh that carries Envoy 1.n, where the user names that instead. */
  readonly carrier?: (minor: number) => string;
}

/** `1.36`, `v1.36.2`, `1.36.x` → version. USAGE when it is none, DEPLOY_UNSUPPORTED before 1.17 (no v3 Wasm filter). */
export function envoyVersion(text: string = newestEnvoy): EnvoyVersion {
  const match = /^v?1\.(\d{1,3})(?:\.(?:\d+|x|\*))?(?:-.*)?$/.exec(text);
  if (match === null) {
    throw new WasmeError('USAGE', `"${text}" is not an Envoy version`, { hint: 'write it like 1.36' });
  }
  const minor = Number(match[1]);
  if (minor < oldestEnvoyMinor) {
    throw new WasmeError('DEPLOY_UNSUPPORTED', `Envoy 1.${minor} cannot load Proxy-Wasm filters of today`, {
      hint: `the oldest release that documents are written for is 1.${oldestEnvoyMinor}`,
    });
  }
  return { minor, text: `1.${minor}` };
}

export function hasFeature(version: EnvoyVersion, feature: EnvoyFeature): boolean {
  return version.minor >= since[feature];
}

/** The minor release that brought a field. */
export function featureSince(feature: EnvoyFeature): number {
  return since[feature];
}
