/** Determines the length of a body from its headers. Refuses anything ambiguous. */
import { HttpProtocolError } from './protocol-error.ts';

/** Describes how the body is delimited. `length` counts bytes for 'length', otherwise it is 0. */
export interface Framing {
  readonly kind: 'none' | 'length' | 'chunked' | 'until-close';
  readonly length: number;
}

export const noBody: Framing = { kind: 'none', length: 0 };
const chunkedBody: Framing = { kind: 'chunked', length: 0 };
const bodyUntilClose: Framing = { kind: 'until-close', length: 0 };
const maxLength = 2n ** 64n - 1n;

/** Content-Length and Transfer-Encoding of one message. */
export class LengthHeaders {
  #length: number | undefined;
  #chunked = false;

  /** True if the headers announce a body. */
  get announced(): boolean {
    return this.#chunked || (this.#length ?? 0) > 0;
  }

  get chunked(): boolean {
    return this.#chunked;
  }

  contentLength(value: string): void {
    if (this.#length !== undefined || !/^\d{1,20}$/.test(value) || !fits(value)) {
      throw new HttpProtocolError(400, 'bad content-length');
    }
    this.#length = Number(value);
  }

  transferEncoding(value: string): void {
    if (this.#chunked || value.toLowerCase() !== 'chunked') {
      throw new HttpProtocolError(501, 'unsupported transfer-encoding');
    }
    this.#chunked = true;
  }

  ofRequest(): Framing {
    return this.#framing(noBody);
  }

  ofResponse(): Framing {
    return this.#framing(bodyUntilClose);
  }

  #framing(otherwise: Framing): Framing {
    if (this.#chunked && this.#length !== undefined) {
      throw new HttpProtocolError(400, 'both content-length and transfer-encoding');
    }
    if (this.#chunked) return chunkedBody;
    if (this.#length === undefined) return otherwise;
    return this.#length === 0 ? noBody : { kind: 'length', length: this.#length };
  }
}

function fits(digits: string): boolean {
  return digits.length < 20 || BigInt(digits) <= maxLength;
}
