/** One request over one of undici's dispatchers. The answer's body goes from the socket to who reads it, with no stream between. */
import type { Dispatcher } from 'undici';

/** A body is held up when so much of it waits for its reader. */
const maxWaitingBytes = 512 * 1024;
/** A new connection costs less than the rest of a large body. */
const maxDiscardedBytes = 64 * 1024;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The answer to one request, while it comes. Its body is to be read once, or discarded. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  status = 0;
  headers: Headers = {};
  readonly #signal: AbortSignal;
  #controller: Dispatcher.DispatchController | undefined;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: Error | undefined;
  /** Whoever waits for what comes next: first the head, then pieces of the body. */
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#interrupt);
  }

  /** Sends the request and waits for the head of its answer. Fails as sockets and undici do, and with AbortError. */
  async send(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions): Promise<void> {
    dispatcher.dispatch(options, this);
    while (this.status === 0) {
      if (this.#failure !== undefined) throw this.#failure;
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
          if (this.#controller?.paused) this.#controller.resume();
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
      if (!this.#ended) this.#controller?.abort(new Error('not wanted any more'));
    }
  }

  /** Lets the connection be used again without the body being read. */
  async discard(): Promise<void> {
    let bytes = 0;
    try {
      for await (const chunk of this) {
        bytes += chunk.byteLength;
        if (bytes > maxDiscardedBytes) return;
      }
    } catch {
      // Nobody wanted it.
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // 100 Continue and its kin come before the answer.
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    this.#wake();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#bytes += chunk.byteLength;
    if (this.#bytes >= maxWaitingBytes) controller.pause();
    this.#wake();
  }

  onResponseEnd(): void {
    this.#settle();
  }

  onResponseError(_: unknown, error: Error): void {
    this.#settle(error);
  }

  #settle(error?: Error): void {
    this.#signal.removeEventListener('abort', this.#interrupt);
    this.#ended = true;
    this.#failure ??= error;
    this.#wake();
  }

  readonly #interrupt = (): void => {
    const error = new DOMException('interrupted', 'AbortError');
    this.#failure ??= error;
    this.#controller?.abort(error);
    this.#wake();
  };

  #change(): Promise<void> {
    return new Promise(resolve => (this.#wake = resolve));
  }
}
