/**
 * What differs from one host version to the next, as one data table. The steps from 1.36 on were seen in recordings of 1.36.2,
 * 1.37.0, 1.38.2, 1.39.3 and 1.40.0; a later patch release of an old line may have got a repair of a newer one.
 */
import type { AbiHost } from '../wasm/abi.ts';
import { WasmeError } from '../errors.ts';
import { newestEnvoyMinor, offeredBy, parseHost } from '../wasm/hosts.ts';

export interface HostProfile extends AbiHost {
  /** `envoy@1.40`. */
  readonly name: string;
  /** Envoy's minor version, as text: `1.40`. */
  readonly envoy: string;
  /** A chunk that comes in after the filter was continued in the middle of a body goes on; before 1.39.3 it was lost. */
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
  /** What WASI's `poll_oneoff` answers. */
  readonly pollErrno: number;
  /** `set_envoy_filter_state` acts on the effective context. */
  readonly foreignOnEffective: boolean;
  /** `keep-alive` response headers are removed before the filter. */
  readonly removesKeepAlive: boolean;
  /** The text of a refused upstream ends with the transport's own reason. */
  readonly transportFailureText: boolean;
  /** A TCP upstream's reset is passed on as a reset; before it was an orderly end. */
  readonly upstreamResets: boolean;
  /** The same for a client's. */
  readonly clientResets: boolean;
  /** Expressions know fields in backquotes, `.name` and variables named as types, and write doubles with every digit. */
  readonly newerExpressions: boolean;
  /** `string()` of an expression takes a bool. */
  readonly boolsAsText: boolean;
}

/** The profile of Envoy 1.`minor`; other hosts are the Envoy inside them. */
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

/** `envoy@1.36`, or undefined when the table has no such host. */
export function findProfile(name: string): HostProfile | undefined {
  return hostProfiles.find(item => item.name === name);
}

/**
 * The profile of a host as people name it, by the Envoy inside: `istio@1.30` behaves as Envoy 1.38; undefined is the
 * newest. Fails with USAGE for what is no host, and for one whose Envoy the table does not have.
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
