/** The world as filters touch it, on Node: clocks, random bytes, timers, call-outs through the proxy's clusters. */
import { randomFillSync } from 'node:crypto';
import type {
  ByteString,
  GrpcCallStart,
  GrpcListener,
  GrpcRequest,
  HostEnvironment,
  HttpCallListener,
  HttpCallRequest,
  HttpCallStart,
  LogEntry,
  ResolvedAddress,
} from '../host/types.ts';
import { isHostName, knownAddresses } from '../host/foreign/known-addresses.ts';
import { lookUpAddresses } from '../io/http/addresses.ts';
import { startTimer } from '../io/timer.ts';
import { startHttpCall } from './upstream/http-call.ts';
import type { Clusters } from './upstream/clusters.ts';
import { startGrpcCall } from './upstream/grpc-call.ts';
import { nodeSignatures } from './signature-provider.ts';
import { nowMs, toNs } from './stream-info.ts';

export interface EnvironmentOptions {
  readonly clusters: Clusters;
  readonly log: (entry: LogEntry) => void;
  /** True for Envoy before 1.38, whose 503 names the reason why a connection failed. */
  readonly showTransportFailure: boolean;
}

export class NodeEnvironment implements HostEnvironment {
  readonly signatures = nodeSignatures;
  readonly #options: EnvironmentOptions;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
  }

  realtimeNs(): bigint {
    return toNs(nowMs());
  }

  monotonicNs(): bigint {
    return toNs(performance.now());
  }

  fillRandom(bytes: Uint8Array): void {
    randomFillSync(bytes);
  }

  schedule(delayMs: number, callback: () => void): () => void {
    if (delayMs === 0) {
      const soon = setImmediate(callback);
      return () => clearImmediate(soon);
    }
    return startTimer(delayMs, callback);
  }

  log(entry: LogEntry): void {
    this.#options.log(entry);
  }

  resolveDns(name: ByteString, callback: (addresses: readonly ResolvedAddress[] | undefined) => void): void {
    const text = Buffer.from(name, 'latin1').toString('utf8');
    const known = knownAddresses(text);
    if (known !== undefined || !isHostName(text)) callback(known);
    else void lookUpAddresses(text).then(callback);
  }

  httpCall(request: HttpCallRequest, listener: HttpCallListener): HttpCallStart {
    const upstream = this.#options.clusters.get(request.cluster);
    if (upstream === undefined) return { status: 'unknown-cluster' };
    if (!this.#options.clusters.healthy(request.cluster)) return { status: 'unavailable' };
    return {
      status: 'started',
      cancel: startHttpCall(upstream, request, listener, this.#options.showTransportFailure),
    };
  }

  grpcCall(request: GrpcRequest, listener: GrpcListener): GrpcCallStart {
    const { clusters } = this.#options;
    if (clusters.get(request.cluster) === undefined) return { status: 'unknown-cluster' };
    const upstream = clusters.http2(request.cluster);
    if (upstream === undefined || !clusters.healthy(request.cluster)) return { status: 'unavailable' };
    return {
      status: 'started',
      call: startGrpcCall(upstream, request, listener, this.#options.showTransportFailure),
    };
  }
}
