/** The header lines of an HTTP/1 message, one after the other, with the leniency that Envoy was seen to have. */
import { joinValues } from '../../host/http/inline-headers.ts';
import type { HeaderEntry } from '../../host/http/header-map.ts';
import { HttpProtocolError, maxHeaderCount } from './protocol-error.ts';
import { HeaderKind, type KnownName, type HeaderPart, knownName } from './known-headers.ts';

/** Counts message parts, so that a name knows whether it was seen in this one. */
let lastPart = 0;

/** Walks the header lines of a head; `read` moves to the next one. */
export class HeaderLines {
  value = '';
  /** Offset of the line break before the line that comes next. */
  next: number;
  /** The head as it is read: one line a header, ended with CR LF. */
  readonly text: string;
  readonly #part: HeaderPart;
  readonly #number = ++lastPart;
  #known: KnownName = noName;
  #count = 0;

  constructor(text: string, part: HeaderPart) {
    this.text = normalize(text);
    this.#part = part;
    const end = this.text.indexOf('\r\n');
    this.next = end < 0 ? this.text.length : end;
  }

  get name(): string {
    return this.#known.name;
  }

  get kind(): HeaderKind {
    return this.#known.kind;
  }

  get startLine(): string {
    return this.text.slice(0, this.next);
  }

  read(): boolean {
    const { text } = this;
    const start = this.next + 2;
    if (start >= text.length) return false;
    if (++this.#count > maxHeaderCount) throw new HttpProtocolError(431, 'too many headers');
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon >= end) throw new HttpProtocolError(400, 'header line without a colon');
    const known = knownName(text.slice(start, colon));
    if (known === undefined) throw new HttpProtocolError(400, 'bad header name');
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    this.#known = known;
    this.value = text.slice(from, to);
    this.next = end;
    return true;
  }

  /** Adds the line to a map; some names have one entry, to which later values are joined. */
  addTo(headers: HeaderEntry[], value = this.value): void {
    const known = this.#known;
    if ((known.joined & this.#part) !== 0) {
      if (known.seenIn === this.#number) {
        const present = headers.find(entry => entry[0] === known.name);
        if (present !== undefined) {
          present[1] = joinValues(present[1], value);
          return;
        }
      }
      known.seenIn = this.#number;
    }
    headers.push([known.name, value]);
  }
}

const noName: KnownName = { name: '', kind: HeaderKind.Plain, joined: 0, seenIn: 0 };

/** Trailer lines → entries. Throws HttpProtocolError. */
export function parseTrailers(text: string, part: HeaderPart): HeaderEntry[] {
  if (isBlank(text.charCodeAt(0))) throw new HttpProtocolError(400, 'the first trailer continues nothing');
  const lines = new HeaderLines(`\r\n${text}`, part);
  const trailers: HeaderEntry[] = [];
  while (lines.read()) lines.addTo(trailers);
  return trailers;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a head must not hold
const odd = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|[^\r]\n|\n[ \t]/;

/** Envoy takes bare line feeds as line ends, joins folded lines and drops lone carriage returns; so do we. */
function normalize(text: string): string {
  if (!odd.test(text)) return text;
  const plain = text
    .replace(/\r?\n/g, '\n')
    .replaceAll('\r', '')
    .replace(/\n[ \t]+/g, ' ')
    .replaceAll('\n', '\r\n');
  if (odd.test(plain)) throw new HttpProtocolError(400, 'control character in the head');
  return plain;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** The members of a comma-separated list, lower case. */
export function tokensOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map(token => token.trim());
}
