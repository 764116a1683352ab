/** The simulated environment of a host: time moves only when `advance` is called, and functions are the peers. */
import { knownAddresses, isHostName } from '../foreign/known-addresses.ts';
import type {
  GrpcCallStart,
  GrpcListener,
  GrpcRequest,
  HostEnvironment,
  HttpCallListener,
  HttpCallRequest,
  HttpCallStart,
  LogEntry,
  ResolvedAddress,
  SignatureProvider,
} from '../types.ts';
import {
  connectionRefusedText,
  type PendingCall,
  SimulatedCall,
  type SimulatedConnection,
} from './simulated-call.ts';

export interface SimulatedEnvironmentOptions {
  /** Milliseconds since the epoch at the start; default 2024-01-01T00:00:01Z. */
  readonly startMs?: number | undefined;
  /** The delay of answers that this environment gives itself, in milliseconds; default 1. 0: they come before the call returns. */
  readonly latencyMs?: number | undefined;
  /** Default: the same sequence of bytes in every run. */
  readonly fillRandom?: ((bytes: Uint8Array) => void) | undefined;
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /** Names of clusters; absent: HTTP call-outs reach any name, gRPC calls none. */
  readonly clusters?: { has(name: string): boolean } | undefined;
  /** Says whether a cluster takes the connection for the next HTTP call-out; default: `open`. */
  readonly connectionOf?: ((request: HttpCallRequest) => SimulatedConnection) | undefined;
  /** Receives each HTTP call-out that reached its peer, to answer now, later or never (then it times out). Default: an empty 200. */
  readonly onHttpCall?: ((call: PendingCall) => void) | undefined;
  /** Opens a gRPC call to a known cluster; default: its host refuses the connection. */
  readonly onGrpcCall?: ((request: GrpcRequest, listener: GrpcListener) => GrpcCallStart) | undefined;
  /** Answers for the name servers; default: they know no name. */
  readonly lookUp?: ((name: string) => readonly ResolvedAddress[]) | undefined;
  readonly signatures?: SignatureProvider | undefined;
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

const grpcUnavailable = 14;
const uptimeAtStartMs = 1_000;
const defaultStartMs = 1_704_067_201_000;

export class SimulatedEnvironment implements HostEnvironment {
  /** The monotonic clock. Assigning to it lets time pass in which nothing that is due runs. */
  nowMs = uptimeAtStartMs;
  readonly signatures?: SignatureProvider;
  readonly #options: SimulatedEnvironmentOptions;
  readonly #bootMs: number;
  readonly #latencyMs: number;
  /** In the order in which they are due. */
  readonly #timers: Timer[] = [];
  #seed = 42;

  constructor(options: SimulatedEnvironmentOptions = {}) {
    this.#options = options;
    this.#bootMs = Math.max(1, Math.floor(options.startMs ?? defaultStartMs)) - uptimeAtStartMs;
    this.#latencyMs = options.latencyMs ?? 1;
    if (options.signatures !== undefined) this.signatures = options.signatures;
  }

  realtimeNs(): bigint {
    return BigInt(this.#bootMs) * 1_000_000n + this.monotonicNs();
  }

  monotonicNs(): bigint {
    return BigInt(Math.round(this.nowMs * 1_000_000));
  }

  fillRandom(bytes: Uint8Array): void {
    const { fillRandom } = this.#options;
    if (fillRandom !== undefined) {
      fillRandom(bytes);
      return;
    }
    // A small linear generator: repeatable, not secret.
    for (let at = 0; at < bytes.length; at++) {
      this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
      bytes[at] = this.#seed >>> 16;
    }
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    let at = this.#timers.length;
    while (at > 0 && (this.#timers[at - 1] as Timer).atMs > timer.atMs) at--;
    this.#timers.splice(at, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  log(entry: LogEntry): void {
    this.#options.onLog?.(entry);
  }

  httpCall(request: HttpCallRequest, listener: HttpCallListener): HttpCallStart {
    const { clusters, connectionOf, onHttpCall } = this.#options;
    if (clusters?.has(request.cluster) === false) return { status: 'unknown-cluster' };
    const connection = connectionOf?.(request) ?? 'open';
    if (connection === 'unavailable') return { status: 'unavailable' };
    const call = new SimulatedCall(request, listener, (delayMs, callback) =>
      this.schedule(delayMs, callback),
    );
    const refusal = call.refusedBy(connection);
    if (refusal !== undefined) this.#later(() => call.replyLocally(refusal));
    else if (onHttpCall !== undefined) onHttpCall(call);
    else this.#later(() => call.respond(200));
    return { status: 'started', cancel: () => void call.cancel() };
  }

  grpcCall(request: GrpcRequest, listener: GrpcListener): GrpcCallStart {
    const { clusters, onGrpcCall } = this.#options;
    if (clusters?.has(request.cluster) !== true) return { status: 'unknown-cluster' };
    if (onGrpcCall !== undefined) return onGrpcCall(request, listener);
    let isOpen = true;
    this.#later(() => {
      if (isOpen) listener.close(grpcUnavailable, connectionRefusedText);
    });
    const call = { send: () => {}, close: () => {}, cancel: () => void (isOpen = false) };
    return { status: 'started', call };
  }

  resolveDns(name: string, callback: (addresses: readonly ResolvedAddress[] | undefined) => void): void {
    const known = knownAddresses(name);
    if (known !== undefined || !isHostName(name)) callback(known);
    else this.#later(() => callback(this.#options.lookUp?.(name) ?? []));
  }

  /** Moves the clock; what is due runs in order, and so does what it schedules. */
  advance(ms: number): void {
    this.advanceUntil(() => false, ms);
  }

  /** Moves the clock from one timer to the next until `done` says so, or by `limitMs`. */
  advanceUntil(done: () => boolean, limitMs: number): void {
    const endMs = this.nowMs + limitMs;
    while (!done()) {
      const next = this.#timers[0];
      if (next === undefined || next.atMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.#timers.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
  }

  #later(callback: () => void): void {
    if (this.#latencyMs === 0) callback();
    else this.schedule(this.#latencyMs, callback);
  }
}
