/** The services that all VMs of one host share. */
import type { MetricStore } from './state/metrics.ts';
import type { HostProfile } from './profiles.ts';
import type { SharedData } from './state/shared-data.ts';
import type { SharedQueues } from './state/shared-queue.ts';
import type { HostEnvironment } from './types.ts';

/** `core.v3.Node`, as far as filters read it. */
export interface NodeInfo {
  readonly id: string;
  readonly cluster: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A foreign function of the embedder: takes argument bytes, returns result bytes or a status other than 0. */
export type ForeignFunction = (argument: Uint8Array) => Uint8Array | number;

export interface HostServices {
  readonly environment: HostEnvironment;
  readonly profile: HostProfile;
  readonly sharedData: SharedData;
  readonly sharedQueues: SharedQueues;
  readonly metrics: MetricStore;
  readonly node: NodeInfo;
  readonly foreignFunctions: ReadonlyMap<string, ForeignFunction>;
  /** Index into `logLevels`, 6 for off: `proxy_get_log_level` returns it, and guest messages below it are dropped. */
  readonly logLevel: () => number;
  /** The value of `xds.listener_direction`: 0 unspecified, 1 inbound, 2 outbound. */
  readonly listenerDirection: number;
  /** `enterGuest` and `leaveGuest` write it, a thread that watches this one reads it. */
  readonly guestCalls: Int32Array;
}
