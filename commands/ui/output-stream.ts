/**
 * Owns what is written to standard output and standard error: text that came from elsewhere cannot reach the terminal
 * as a control sequence. Only colours that `Colors` put on a piece of text do; every command writes through this class.
 */
import { visible } from '../../src/io/printable.ts';

/** A stream of the process, or what a test puts in its place. */
export interface RawStream {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A piece of text with its colour, kept apart so that the text cannot bring colours of its own. */
export class Painted {
  readonly text: string;
  readonly paint: (text: string) => string;

  constructor(text: string, paint: (text: string) => string) {
    this.text = text;
    this.paint = paint;
  }
}

/** Pieces are written one after the other, without anything in between. */
export type Pieces = readonly (string | Painted)[];

export class OutputStream {
  /** For the cursor and for prompts, whose own sequences move it. Text from elsewhere never goes there unescaped. */
  readonly raw: RawStream;

  constructor(raw: RawStream) {
    this.raw = raw;
  }

  get isTTY(): boolean {
    return this.raw.isTTY === true;
  }

  get columns(): number | undefined {
    return this.raw.columns;
  }

  /** Writes text for people: unfit characters are shown as escapes, also in a pipe, whose end is often a terminal. */
  write(...pieces: Pieces): void {
    this.raw.write(
      pieces
        .map(piece => (typeof piece === 'string' ? visible(piece) : piece.paint(visible(piece.text))))
        .join(''),
    );
  }

  /** Writes a document (YAML, a diff, a script): byte for byte into a file or pipe, as text on a terminal. */
  writeDocument(text: string): void {
    this.raw.write(this.isTTY ? visible(text) : text);
  }

  /** Writes bytes as they are. Fails on a terminal: the caller has to refuse that with a better text. */
  writeBytes(bytes: Uint8Array): void {
    if (this.isTTY) throw new Error('bytes are not for a terminal');
    this.raw.write(bytes);
  }
}
