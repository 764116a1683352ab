/**
 * node:http2 reports data and the end separately, while on the wire the last frame carries the end. Waits until the
 * current turn of the event loop is over, so that the last chunk can say that it is the last, as filters see it in Envoy.
 */
export interface BodyReceiver {
  body(data: Buffer, endOfStream: boolean): void;
}

export class BodyEnd {
  readonly #receiver: BodyReceiver;
  #pending: Buffer[] = [];
  #scheduled = false;

  constructor(receiver: BodyReceiver) {
    this.#receiver = receiver;
  }

  data(data: Buffer): void {
    this.#pending.push(data);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#pending.length > 0) this.#receiver.body(this.#take(), false);
    });
  }

  /** The message ended without trailers. */
  end(): void {
    this.#receiver.body(this.#take(), true);
  }

  /** Delivers what waits, before trailers. */
  flush(): void {
    if (this.#pending.length > 0) this.#receiver.body(this.#take(), false);
  }

  #take(): Buffer {
    const pending = this.#pending;
    this.#pending = [];
    return pending.length === 1 && pending[0] !== undefined ? pending[0] : Buffer.concat(pending);
  }
}
