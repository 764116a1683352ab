/** One HTTP call-out of a simulated environment: answered by its peer, or in Envoy's words where the peer does not answer. */
import { emptyBytes, utf8Bytes } from '../encoding/bytes.ts';
import { type HeaderEntry, HeaderMap } from '../http/header-map.ts';
import { callOutReply, requestFault, requestRefusal } from '../http/message-validity.ts';
import type { HttpCallListener, HttpCallRequest, LocalReply } from '../types.ts';

/** `unavailable`: the cluster has no healthy host; `refused`: the host refuses the connection. */
export type SimulatedConnection = 'open' | 'refused' | 'unavailable';

/** A call-out that has reached its peer. The first answer counts; after it, a timeout or a cancellation `over` is true. */
export interface PendingCall {
  readonly request: HttpCallRequest;
  readonly over: boolean;
  respond(
    status: number,
    headers?: Readonly<Record<string, string>> | readonly HeaderEntry[],
    body?: Uint8Array,
    trailers?: readonly HeaderEntry[],
  ): void;
  /** The peer breaks the connection off after the head of its answer. */
  fail(): void;
}

export const connectionRefusedText =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
const upstreamTimeout = reply(504, 'upstream request timeout');
const connectionRefused = reply(503, connectionRefusedText);

export class SimulatedCall implements PendingCall {
  readonly request: HttpCallRequest;
  over = false;
  readonly #listener: HttpCallListener;
  readonly #cancelTimeout: (() => void) | undefined;

  constructor(
    request: HttpCallRequest,
    listener: HttpCallListener,
    schedule: (delayMs: number, callback: () => void) => () => void,
  ) {
    this.request = request;
    this.#listener = listener;
    const { timeoutMs } = request;
    if (timeoutMs > 0) this.#cancelTimeout = schedule(timeoutMs, () => this.replyLocally(upstreamTimeout));
  }

  /** Returns what the router answers instead of the peer, when the request cannot get there. */
  refusedBy(connection: SimulatedConnection): LocalReply | undefined {
    if (connection === 'refused') return connectionRefused;
    const fault = requestFault(this.request.headers);
    return fault === undefined ? undefined : requestRefusal(fault).reply;
  }

  respond(
    status: number,
    headers: Readonly<Record<string, string>> | readonly HeaderEntry[] = [],
    body = emptyBytes,
    trailers: readonly HeaderEntry[] = [],
  ): void {
    const entries = isList(headers) ? headers : Object.entries(headers);
    const head = new HeaderMap([[':status', String(status)], ...entries]);
    if (this.cancel()) this.#listener.response(head, body, new HeaderMap([...trailers]));
  }

  replyLocally(answer: LocalReply): void {
    if (this.cancel()) this.#listener.response(callOutReply(answer), answer.body, new HeaderMap());
  }

  fail(): void {
    if (this.cancel()) this.#listener.failure('reset');
  }

  /** Ends the call. False when it was over already. */
  cancel(): boolean {
    if (this.over) return false;
    this.over = true;
    this.#cancelTimeout?.();
    return true;
  }
}

function reply(status: number, text: string): LocalReply {
  return { status, body: utf8Bytes(text), details: '' };
}

function isList(
  headers: Readonly<Record<string, string>> | readonly HeaderEntry[],
): headers is readonly HeaderEntry[] {
  return Array.isArray(headers);
}
