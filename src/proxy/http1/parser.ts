/**
 * HTTP/1 bytes → head, body, trailers, end. Incremental: takes what the socket gives. Body bytes that arrive together
 * are delivered together, as Envoy's codec does, however many chunks they were sent in.
 */
import type { HeaderEntry } from '../../host/http/header-map.ts';
import type { Framing } from './framing.ts';
import { HttpProtocolError, maxHeadBytes, maxResponseHeadBytes } from './protocol-error.ts';
import { HeaderPart } from './known-headers.ts';
import { parseTrailers } from './header-lines.ts';
import { isMethod } from './methods.ts';

export interface MessageSink {
  /** The head's text without its empty line; gives back how the body is delimited. May throw HttpProtocolError. */
  head(text: string): Framing;
  body(data: Buffer): void;
  /** Always the last call of a message. */
  end(trailers: HeaderEntry[] | undefined): void;
}

type State =
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'held';

/** A chunk-size line holds at most 16 hex digits and an extension; longer ones are an attack or garbage. */
const maxChunkLine = 16 * 1024;
const nothing = Buffer.alloc(0);

export class MessageParser {
  readonly #sink: MessageSink;
  readonly #reads: 'requests' | 'responses';
  readonly #maxHead: number;
  #state: State = 'head';
  /** Bytes that are still unread: of an unfinished head or line, or of the message after a held one. */
  #rest: Buffer = nothing;
  #remaining = 0;
  #parts: Buffer[] = [];
  #feeding = false;
  #stopped = false;

  constructor(sink: MessageSink, reads: 'requests' | 'responses') {
    this.#sink = sink;
    this.#reads = reads;
    this.#maxHead = reads === 'requests' ? maxHeadBytes : maxResponseHeadBytes;
  }

  /** Bytes waiting while the parser is held. */
  get heldBytes(): number {
    return this.#rest.length;
  }

  /** True while a message has begun and not ended. */
  get inMessage(): boolean {
    return this.#state !== 'head' && this.#state !== 'held';
  }

  /** True while the first bytes of a head have arrived, but not its end. */
  get inHead(): boolean {
    return this.#state === 'head' && this.#rest.length > 0;
  }

  /** Takes the next bytes. Throws HttpProtocolError for what is not HTTP. */
  feed(data: Buffer): void {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    if (!this.#feeding) this.#run();
  }

  /** After `end`, nothing of a next message is read until `release`. */
  release(): void {
    if (this.#state !== 'held') return;
    this.#state = 'head';
    if (this.#rest.length > 0 && !this.#feeding) this.#run();
  }

  /** Delivers nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#rest = nothing;
    this.#parts = [];
  }

  /** The peer closed. True when that ends a message properly or none was under way. */
  finish(): boolean {
    if (this.#state === 'until-close') {
      this.#end(undefined);
      return true;
    }
    return !this.inMessage && this.#rest.length === 0;
  }

  #run(): void {
    this.#feeding = true;
    try {
      let progress = true;
      while (progress && !this.#stopped) progress = this.#step();
      this.#flushBody();
    } finally {
      this.#feeding = false;
    }
  }

  /** One state's work on #rest; false when more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'length':
      case 'chunk-data':
        return this.#readCounted();
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk-end':
        return this.#readChunkEnd();
      case 'trailers':
        return this.#readTrailers();
      case 'until-close':
        if (this.#rest.length > 0) this.#parts.push(this.#take(this.#rest.length));
        return false;
      case 'held':
        return false;
    }
  }

  #readHead(): boolean {
    let rest = this.#rest;
    if (this.#reads === 'requests') {
      let skipped = 0;
      while (rest[skipped] === 13 || rest[skipped] === 10) skipped++; // empty lines before a request are ignored
      if (skipped > 0) rest = this.#rest = rest.subarray(skipped);
    }
    const [end, length] = headEnd(rest);
    if ((end < 0 ? rest.length : end + length) > this.#maxHead)
      throw new HttpProtocolError(431, 'head too large');
    if (end < 0) {
      this.#judgeBeginning(rest);
      return false;
    }
    const text = rest.toString('latin1', 0, end);
    this.#take(end + length);
    const framing = this.#sink.head(text);
    switch (framing.kind) {
      case 'none':
        this.#end(undefined);
        break;
      case 'length':
        this.#remaining = framing.length;
        this.#state = 'length';
        break;
      case 'chunked':
        this.#state = 'chunk-size';
        break;
      case 'until-close':
        this.#state = 'until-close';
    }
    return true;
  }

  /** As Envoy: what can be no HTTP is refused with its first byte, a request with an unknown method with its first line. */
  #judgeBeginning(rest: Buffer): void {
    const first = rest[0];
    if (first === undefined) return;
    if (this.#reads === 'responses') {
      if (first !== 72) throw new HttpProtocolError(400, 'a response begins with HTTP');
      return;
    }
    if (first <= 32) throw new HttpProtocolError(400, 'a request begins with a method');
    const line = rest.indexOf(10);
    if (line >= 0 && !isMethod(rest.toString('latin1', 0, line).split(/[ \t\r]/, 1)[0] ?? '')) {
      throw new HttpProtocolError(400, 'unknown method');
    }
  }

  #readCounted(): boolean {
    if (this.#rest.length === 0) return false;
    const part = this.#take(Math.min(this.#remaining, this.#rest.length));
    this.#remaining -= part.length;
    this.#parts.push(part);
    if (this.#remaining > 0) return false;
    if (this.#state === 'length') this.#end(undefined);
    else this.#state = 'chunk-end';
    return true;
  }

  #readChunkSize(): boolean {
    const end = this.#lineEnd();
    if (end < 0) return false;
    if (this.#rest[end - 1] !== 13) throw new HttpProtocolError(400, 'bad end of a chunk line');
    const line = this.#take(end + 1).toString('latin1', 0, end - 1);
    const size = /^0*([\da-f]{0,16})(?:[ \t;][^\r]*)?$/i.exec(line);
    if (size === null || !/^[\da-f]/i.test(line)) throw new HttpProtocolError(400, 'bad chunk size');
    this.#remaining = Number.parseInt(`0${size[1] ?? ''}`, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data';
    return true;
  }

  /** Skips the bytes between a chunk and the end of its line, as Envoy does. */
  #readChunkEnd(): boolean {
    const end = this.#lineEnd();
    if (end < 0) return false;
    this.#take(end + 1);
    this.#state = 'chunk-size';
    return true;
  }

  #lineEnd(): number {
    const end = this.#rest.indexOf(10);
    if ((end < 0 ? this.#rest.length : end) > maxChunkLine)
      throw new HttpProtocolError(400, 'chunk line too long');
    return end;
  }

  #readTrailers(): boolean {
    const rest = this.#rest;
    const empty = rest[0] === 10 ? 1 : rest[0] === 13 && rest[1] === 10 ? 2 : 0;
    if (empty > 0) {
      this.#take(empty);
      this.#end(undefined);
      return true;
    }
    const [end, length] = headEnd(rest);
    if ((end < 0 ? rest.length : end + length) > this.#maxHead)
      throw new HttpProtocolError(431, 'trailers too large');
    if (end < 0) return false;
    this.#flushBody();
    const part = this.#reads === 'requests' ? HeaderPart.RequestTrailers : HeaderPart.ResponseTrailers;
    this.#end(parseTrailers(this.#take(end + length).toString('latin1', 0, end), part));
    return true;
  }

  #end(trailers: HeaderEntry[] | undefined): void {
    this.#flushBody();
    this.#state = 'held';
    if (!this.#stopped) this.#sink.end(trailers);
  }

  #flushBody(): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    if (!this.#stopped) this.#sink.body(parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts));
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = length === this.#rest.length ? nothing : this.#rest.subarray(length);
    return taken;
  }
}

/**
 * Returns where the first empty line begins and its length with the line end before it, or a negative offset. A bare
 * line feed counts as a line end. Only the first one ends the head: what follows may belong to the next message.
 */
function headEnd(bytes: Buffer): [end: number, length: number] {
  for (let feed = bytes.indexOf(10); feed >= 0; feed = bytes.indexOf(10, feed + 1)) {
    const next = bytes[feed + 1] === 13 ? feed + 2 : feed + 1;
    if (bytes[next] !== 10) continue;
    const end = bytes[feed - 1] === 13 ? feed - 1 : feed;
    return [end, next + 1 - end];
  }
  return [-1, 0];
}
