/** The world of one case: time that only moves when nothing is left to do, seeded random, call-outs answered from the suite. */
import { utf8Bytes } from '../../host/encoding/bytes.ts';
import { HeaderMap } from '../../host/http/header-map.ts';
import { callOutReply, requestFault, requestRefusal } from '../../host/http/message-validity.ts';
import type {
  GrpcCallStart,
  HostEnvironment,
  HttpCallListener,
  HttpCallRequest,
  HttpCallStart,
  LocalReply,
  LogEntry,
} from '../../host/types.ts';
import { isHostName, knownAddresses } from '../../io/http/addresses.ts';
import { bodyChunks, headerEntries } from '../message.ts';
import type { Answer, Callout } from '../file/schema.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** 2024-01-01T00:00:00Z: never zero, the same in every run. */
const epochNs = 1_704_067_200_000_000_000n;
/** How long a simulated peer takes to answer. */
const answerAfterMs = 1;

export class VirtualEnvironment implements HostEnvironment {
  readonly logs: { readonly text: string; readonly source: 'guest' | 'host' }[] = [];
  readonly callouts: { readonly cluster: string; readonly headers: HeaderMap; readonly body: Uint8Array }[] =
    [];
  readonly #answers: Readonly<Record<string, Callout | readonly Callout[]>>;
  readonly #asked = new Map<string, number>();
  #timers: Timer[] = [];
  #nowMs = 1_000;
  #order = 0;
  #seed = 42;

  constructor(answers: Readonly<Record<string, Callout | readonly Callout[]>>) {
    this.#answers = answers;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  realtimeNs(): bigint {
    return epochNs + this.monotonicNs();
  }

  monotonicNs(): bigint {
    return BigInt(Math.round(this.#nowMs * 1_000_000));
  }

  /** A small linear generator: repeatable, not secret. */
  fillRandom(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) >>> 0;
      bytes[at] = this.#seed >>> 16;
    }
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  log({ message, source }: LogEntry): void {
    this.logs.push({ text: new TextDecoder().decode(message), source });
  }

  httpCall(
    { cluster, headers, body, timeoutMs }: HttpCallRequest,
    listener: HttpCallListener,
  ): HttpCallStart {
    const fault = requestFault(headers);
    const answer = this.#nextAnswer(cluster, fault === undefined);
    if (answer === undefined) return { status: 'unknown-cluster' };
    if ('fails' in answer && answer.fails === 'unavailable') return { status: 'unavailable' };
    if (fault !== undefined && !('fails' in answer && answer.fails === 'refused')) {
      const answerFault = (): void => respondLocally(requestRefusal(fault).reply, listener);
      return { status: 'started', cancel: this.schedule(answerAfterMs, answerFault) };
    }
    this.callouts.push({ cluster, headers, body });
    const delayMs =
      'fails' in answer && answer.fails === 'timeout' ? Math.max(timeoutMs, answerAfterMs) : answerAfterMs;
    return { status: 'started', cancel: this.schedule(delayMs, () => reply(answer, listener)) };
  }

  /** gRPC call-outs have no place in a suite: the cluster is known, and nobody is there. */
  grpcCall(): GrpcCallStart {
    return { status: 'unavailable' };
  }

  /** Names have no place in a suite either: those that need no name server are known. */
  resolveDns(name: string, callback: Parameters<NonNullable<HostEnvironment['resolveDns']>>[1]): void {
    callback(isHostName(name) ? (knownAddresses(name) ?? []) : undefined);
  }

  /** Runs what is due, moving time forward, until `done` says so or `limitMs` of virtual time have passed. */
  run(limitMs: number, done: () => boolean): void {
    const endMs = this.#nowMs + limitMs;
    while (!done()) {
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) =>
          first && (first.atMs < timer.atMs || (first.atMs === timer.atMs && first.order < timer.order))
            ? first
            : timer,
        undefined,
      );
      if (!next || next.atMs > endMs) break;
      this.#timers = this.#timers.filter(timer => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    if (!done()) this.#nowMs = endMs;
  }

  /** `taken`: the peer hears of the call, and the next one gets the answer after this. */
  #nextAnswer(cluster: string, taken: boolean): Callout | undefined {
    const answers = Object.hasOwn(this.#answers, cluster) ? this.#answers[cluster] : undefined;
    if (answers === undefined) return undefined;
    if (!isList(answers)) return answers;
    const count = this.#asked.get(cluster) ?? 0;
    if (taken) this.#asked.set(cluster, count + 1);
    return answers[Math.min(count, answers.length - 1)];
  }
}

function isList(answers: Callout | readonly Callout[]): answers is readonly Callout[] {
  return Array.isArray(answers);
}

/** Failures as Envoy's router tells them: a timeout and a refused connection are ordinary responses with its texts. */
function reply(answer: Callout, listener: HttpCallListener): void {
  if (!('fails' in answer)) {
    respond(answer, listener);
  } else if (answer.fails === 'timeout') {
    respondLocally({ status: 504, body: utf8Bytes('upstream request timeout'), details: '' }, listener);
  } else if (answer.fails === 'refused') {
    const body = utf8Bytes(
      'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure',
    );
    respondLocally({ status: 503, body, details: '' }, listener);
  } else {
    listener.failure('reset');
  }
}

function respondLocally(reply: LocalReply, listener: HttpCallListener): void {
  listener.response(callOutReply(reply), reply.body, new HeaderMap());
}

function respond(answer: Answer, listener: HttpCallListener): void {
  const headers = new HeaderMap([
    [':status', String(answer.status ?? 200)],
    ...headerEntries(answer.headers),
  ]);
  const chunks = bodyChunks(answer, 'whole');
  listener.response(headers, chunks[0] ?? new Uint8Array(), new HeaderMap(headerEntries(answer.trailers)));
}
