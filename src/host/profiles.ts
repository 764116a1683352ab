/**
 * The differences between host versions as one table. Those from 1.36 on were seen in recordings of 1.36.2, 1.37.0, 1.38.2,
 * 1.39.3 and 1.40.0; a later patch release of an old line may contain a fix of a newer one.
 */
import type { AbiHost } from '../wasm/abi.ts';
import { WasmeError } from '../errors.ts';
import { newestEnvoyMinor, offeredBy, parseHost } from '../wasm/hosts.ts';

export interface HostProfile extends AbiHost {
  /** `envoy@1.40`. */
  readonly name: string;
  /** Envoy's minor version, as text: `1.40`. */
  readonly envoy: string;
  /**
   * A chunk that arrives after the filter was continued in the middle of a body is forwarded; before 1.39.3 it was lost.
   */
  readonly forwardAddedData: boolean;
  /** Old top-level attributes (`node`, `cluster_name`, …) exist: Envoy before 1.33. */
  readonly topLevelAttributes: boolean;
  /** The foreign function `sign` exists. */
  readonly signFunction: boolean;
  /** `verify_signature` takes keys as PEM too, and insists on one. */
  readonly pemKeys: boolean;
  /** `allow_on_headers_stop_iteration` exists. */
  readonly headersStopIteration: boolean;
  /** `failure_policy` (with reload) exists. */
  readonly failurePolicy: boolean;
  /** The errno that WASI's `poll_oneoff` returns. */
  readonly pollErrno: number;
  /** `set_envoy_filter_state` acts on the effective context. */
  readonly foreignOnEffective: boolean;
  /** `keep-alive` response headers are removed before the filter. */
  readonly removesKeepAlive: boolean;
  /** The text of a refused upstream ends with the transport's own reason. */
  readonly transportFailureText: boolean;
  /** A TCP upstream's reset is forwarded as a reset; earlier as an orderly end. */
  readonly upstreamResets: boolean;
  /** A TCP client's reset is forwarded as a reset; earlier as an orderly end. */
  readonly clientResets: boolean;
  /** Expressions know fields in backquotes, `.name` and variables named as types, and write doubles with every digit. */
  readonly newerExpressions: boolean;
  /** `string()` of an expression takes a bool. */
  readonly boolsAsText: boolean;
}

/** Returns the profile of Envoy 1.`minor`; other hosts have the profile of the Envoy inside them. */
export function profileOf(minor: number, name = `envoy@1.${minor}`): HostProfile {
  return {
    name,
    envoy: `1.${minor}`,
    ...offeredBy({ envoyMinor: minor }),
    forwardAddedData: minor >= 39,
    topLevelAttributes: minor < 33,
    signFunction: minor >= 37,
    pemKeys: minor >= 37,
    headersStopIteration: minor >= 35,
    failurePolicy: minor >= 33,
    pollErrno: minor >= 39 ? 0 : 52,
    foreignOnEffective: minor >= 37,
    removesKeepAlive: minor >= 38,
    transportFailureText: minor < 38,
    upstreamResets: minor >= 38,
    clientResets: minor >= 40,
    newerExpressions: minor >= 40,
    boolsAsText: minor >= 37,
  };
}

const oldestMinor = 30;

/** Oldest first. */
export const hostProfiles: readonly HostProfile[] = Array.from(
  { length: newestEnvoyMinor - oldestMinor + 1 },
  (_, index) => profileOf(oldestMinor + index),
);

export const newestProfile: HostProfile = profileOf(newestEnvoyMinor);

/** Returns the profile of a host such as `envoy@1.36`, or undefined when the table does not have it. */
export function findProfile(name: string): HostProfile | undefined {
  return hostProfiles.find(item => item.name === name);
}

/**
 * Returns the profile of a host by its name: `istio@1.30` behaves as Envoy 1.38, undefined as the newest. Fails with USAGE
 * for an unknown host, and for one whose Envoy the table does not have.
 */
export function profileFor(host: string | undefined): HostProfile {
  if (host === undefined) return newestProfile;
  const { envoyMinor } = parseHost(host);
  const found = findProfile(`envoy@1.${envoyMinor}`);
  if (found !== undefined) return found;
  const inside = `${host} has Envoy 1.${envoyMinor} inside, which the bundled host does not imitate`;
  throw new WasmeError('USAGE', inside, {
    hint: `it imitates ${hostProfiles.map(profile => profile.name).join(', ')}`,
  });
}
