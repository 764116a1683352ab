/** One request over node:http and its response, whose body goes from the socket to its reader as the reader asks for it. */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { closedError, connectTimeoutMs, idleTimeoutMs, timeoutError } from './http-errors.ts';

/** The connection is paused when so much of a body waits for its reader. */
const maxWaitingBytes = 512 * 1024;
/** A new connection costs less than the rest of a large body. */
const maxDiscardedBytes = 64 * 1024;

type Headers = Readonly<Record<string, readonly string[] | undefined>>;

/** A request's body: bytes, or a source of exactly `size` bytes. */
export interface ExchangeBody {
  readonly size: number;
  readonly chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[];
}

/** The response to one request, while it comes. Its body is read once, or discarded. */
export class HttpExchange {
  status = 0;
  headers: Headers = {};
  readonly #signal: AbortSignal;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #waiting: Buffer[] = [];
  #bytes = 0;
  /** Names the part that a request waits for while it is sent. */
  #sends: 'source' | 'socket' | 'nothing' = 'source';
  #ended = false;
  #failure: Error | undefined;
  /** Runs while the server has to do the next step; ends the exchange. */
  #timer: NodeJS.Timeout | undefined;
  /** Resumes who waits for what comes next: first the head, then pieces of the body. */
  #wake: () => void = () => undefined;
  /** Resumes the upload when the socket takes more. */
  #continue: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#interrupt);
  }

  /**
   * Sends the request and waits for the head of its response. Fails as sockets do, with AbortError, with the error of
   * the body's source, and with `timeoutError`.
   */
  async send(
    open: (options: RequestOptions) => ClientRequest,
    options: RequestOptions,
    body: ExchangeBody | undefined,
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const length = body === undefined ? {} : { 'content-length': body.size };
    const request = open({ ...options, headers: { ...options.headers, ...length } });
    this.#request = request;
    request
      .once('socket', socket => {
        if (request.reusedSocket) this.#expect('head');
        else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => this.#expect('head'));
      })
      .once('response', response => this.#onResponse(response))
      .on('drain', () => this.#continue())
      .on('error', error => this.#settle(error))
      .once('close', () => {
        this.#continue();
        // The end of a response that has begun is reported by the response itself.
        if (this.#response === undefined) this.#settle(closedError());
      });
    this.#expect('connect');
    void this.#write(request, body);
    while (this.status === 0) {
      const failure: unknown = this.#failure;
      if (failure instanceof Error) throw failure;
      await this.#change();
    }
  }

  /** The body. Fails as the connection does; a reader who stops early ends the connection. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const chunks = this.#waiting;
          this.#waiting = [];
          this.#bytes = 0;
          if (this.#response?.isPaused()) {
            this.#response.resume();
            this.#expect('body');
          }
          yield* chunks;
        } else if (this.#failure !== undefined) {
          throw this.#failure;
        } else if (this.#ended) {
          return;
        } else {
          await this.#change();
        }
      }
    } finally {
      if (!this.#ended) this.#request?.destroy();
    }
  }

  /** Frees the connection for the next request without the body being read. */
  async discard(): Promise<void> {
    let bytes = 0;
    try {
      for await (const chunk of this) {
        bytes += chunk.byteLength;
        if (bytes > maxDiscardedBytes) return;
      }
    } catch {
      // The body was not wanted.
    }
  }

  async #write(request: ClientRequest, body: ExchangeBody | undefined): Promise<void> {
    let left = body?.size ?? 0;
    try {
      for await (const chunk of body?.chunks ?? []) {
        left -= chunk.byteLength;
        if (left < 0 || request.destroyed) break;
        if (request.write(chunk)) continue;
        this.#sends = 'socket';
        this.#timer?.refresh();
        await new Promise<void>(resolve => (this.#continue = resolve));
        this.#sends = 'source';
      }
      if (left !== 0 && !request.destroyed) throw new Error('the body has another size than was announced');
      this.#sends = 'nothing';
      this.#timer?.refresh();
      request.end();
    } catch (error) {
      request.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onResponse(response: IncomingMessage): void {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headersDistinct;
    response
      .on('data', (chunk: Buffer) => this.#onData(response, chunk))
      .on('error', error => this.#settle(error))
      .once('end', () => {
        this.#settle();
        // The response came before all was sent: the server would read the rest as another request.
        if (this.#sends !== 'nothing') this.#request?.destroy();
      });
    this.#expect('body');
    this.#wake();
  }

  #onData(response: IncomingMessage, chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#bytes += chunk.byteLength;
    if (this.#bytes < maxWaitingBytes) {
      this.#timer?.refresh();
    } else {
      response.pause();
      this.#stopTimer();
    }
    this.#wake();
  }

  /** Starts the time that the server has for its next step. */
  #expect(step: 'connect' | 'head' | 'body'): void {
    this.#stopTimer();
    if (this.#ended) return;
    const late = (): void => {
      // It is our own source that is slow.
      if (step !== 'connect' && this.#sends === 'source') this.#expect(step);
      else this.#request?.destroy(timeoutError(step));
    };
    this.#timer = step === 'connect' ? setTimeout(late, connectTimeoutMs) : setTimeout(late, idleTimeoutMs);
  }

  /** A timer that was cleared must not be refreshed: it would keep the process alive. */
  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #settle(error?: Error): void {
    if (this.#ended) return;
    this.#stopTimer();
    this.#signal.removeEventListener('abort', this.#interrupt);
    this.#ended = true;
    this.#failure ??= error;
    this.#wake();
  }

  readonly #interrupt = (): void => {
    const error = new DOMException('interrupted', 'AbortError');
    this.#failure ??= error;
    this.#request?.destroy(error);
    this.#wake();
  };

  #change(): Promise<void> {
    return new Promise(resolve => (this.#wake = resolve));
  }
}
