/** Collects what is known about a stream while it runs: the proxy's side of the attributes that filters read. */
import type { ConnectionInfo, StreamInfo } from '../host/types.ts';

const originMs = performance.timeOrigin;

/** Milliseconds since the epoch with a fraction; never goes back. */
export function nowMs(): number {
  return originMs + performance.now();
}

/** Epoch nanoseconds of a time in milliseconds: a double cannot hold them, so the parts are converted separately. */
export function toNs(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6));
}

/** Times are kept as milliseconds and turned into nanoseconds only for who asks. */
export class ProxyStreamInfo implements StreamInfo {
  protocol: StreamInfo['protocol'];
  readonly downstream: ConnectionInfo;
  readonly startMs: number;
  endMs: number | undefined;
  firstByteSentMs: number | undefined;
  lastByteReceivedMs: number | undefined;
  bytesReceived = 0;
  bytesSent = 0;
  responseCode: number | undefined;
  responseCodeDetails: string | undefined;
  responseFlags = 0;
  routeName: string | undefined;
  clusterName: string | undefined;
  virtualHostName: string | undefined;
  upstream: ConnectionInfo | undefined;
  upstreamRequestAttempts = 0;
  upstreamTransportFailure: string | undefined;

  constructor(protocol: StreamInfo['protocol'], downstream: ConnectionInfo) {
    this.protocol = protocol;
    this.downstream = downstream;
    this.startMs = nowMs();
  }

  get startTimeNs(): bigint {
    return toNs(this.startMs);
  }

  get endTimeNs(): bigint | undefined {
    return this.endMs === undefined ? undefined : toNs(this.endMs);
  }

  set endTimeNs(ns: bigint | undefined) {
    this.endMs = ns === undefined ? undefined : Number(ns / 1_000n) / 1_000;
  }

  get upstreamFirstByteSentNs(): bigint | undefined {
    return this.firstByteSentMs === undefined ? undefined : toNs(this.firstByteSentMs);
  }

  get upstreamLastByteReceivedNs(): bigint | undefined {
    return this.lastByteReceivedMs === undefined ? undefined : toNs(this.lastByteReceivedMs);
  }
}

/** Envoy's response flags that the proxy sets itself: bits of its legacy vector. */
export const flags = {
  noHealthyUpstream: 0x2,
  upstreamRequestTimeout: 0x4,
  upstreamRemoteReset: 0x10,
  upstreamConnectionFailure: 0x20,
  upstreamConnectionTermination: 0x40,
  upstreamOverflow: 0x80,
  noRouteFound: 0x100,
  downstreamConnectionTermination: 0x4000,
  streamIdleTimeout: 0x10000,
  downstreamProtocolError: 0x40000,
  upstreamProtocolError: 0x800000,
  noClusterFound: 0x1000000,
} as const;
