/** A world for one filter that is driven by hand: time moves when told, call-outs wait for an answer, logs are kept. */
import { displayText } from '../encoding/bytes.ts';
import { HeaderMap } from '../http/header-map.ts';
import { callOutReply, requestFault, requestRefusal } from '../http/message-validity.ts';
import type {
  GrpcCallStart,
  HostEnvironment,
  HttpCallListener,
  HttpCallRequest,
  HttpCallStart,
  LogEntry,
  LogLevel,
} from '../types.ts';

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  /** 'guest' for what the filter logged, 'host' for what the host says about it. */
  readonly source: 'guest' | 'host';
}

/** A call-out that waits. Exactly one of `respond` and `fail` may be called, once. */
export interface PendingCall {
  readonly request: HttpCallRequest;
  respond(status: number, headers?: Readonly<Record<string, string>>, body?: Uint8Array): void;
  fail(): void;
}

/** Names of clusters that call-outs may go to; absent: any. */
export class SimulatedEnvironment implements HostEnvironment {
  readonly logs: LogLine[] = [];
  readonly calls: PendingCall[] = [];
  readonly #clusters: ReadonlySet<string> | undefined;
  readonly #startNs: bigint;
  #nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

  constructor(clusters: readonly string[] | undefined, startMs: number) {
    this.#clusters = clusters && new Set(clusters);
    this.#startNs = BigInt(Math.max(1, Math.floor(startMs))) * 1_000_000n;
  }

  realtimeNs(): bigint {
    return this.#startNs + BigInt(this.#nowMs) * 1_000_000n;
  }

  monotonicNs(): bigint {
    return BigInt(this.#nowMs) * 1_000_000n;
  }

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes);
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  log({ level, message, source }: LogEntry): void {
    this.logs.push({ level, text: displayText(message), source });
  }

  httpCall(request: HttpCallRequest, listener: HttpCallListener): HttpCallStart {
    if (this.#clusters && !this.#clusters.has(request.cluster)) return { status: 'unknown-cluster' };
    const fault = requestFault(request.headers);
    if (fault !== undefined) {
      const { reply } = requestRefusal(fault);
      listener.response(callOutReply(reply), reply.body, new HeaderMap());
      return { status: 'started', cancel: () => {} };
    }
    const forget = (): void => {
      const at = this.calls.indexOf(call);
      if (at >= 0) this.calls.splice(at, 1);
    };
    const call: PendingCall = {
      request,
      respond: (status, headers = {}, body = new Uint8Array(0)) => {
        forget();
        listener.response(
          new HeaderMap([[':status', String(status)], ...Object.entries(headers)]),
          body,
          new HeaderMap(),
        );
      },
      fail: () => {
        forget();
        listener.failure('reset');
      },
    };
    this.calls.push(call);
    return { status: 'started', cancel: forget };
  }

  grpcCall(): GrpcCallStart {
    return { status: 'unknown-cluster' };
  }

  /** Moves the clock; ticks and queue notifications that are due run in order. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > end) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = end;
  }
}
