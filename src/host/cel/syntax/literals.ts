/** Constants of the language: tokens → values. */
import { type ByteString, utf8ByteString } from '../../encoding/bytes.ts';
import { SyntaxFailure } from './syntax-tree.ts';
import type { SyntaxToken } from './tokens.ts';
import { Bytes, Uint, type Value } from '../values.ts';

const simple: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
  }),
);

/** Returns the value of a constant, undefined for another token. */
export function literalOf(token: SyntaxToken, negative: boolean): Value | undefined {
  const { kind, text } = token;
  switch (kind) {
    case 'int': {
      const value = negative ? -BigInt(text) : BigInt(text);
      if (BigInt.asIntN(64, value) !== value) throw new SyntaxFailure(`${text} does not fit an int`);
      return value;
    }
    case 'uint': {
      const value = BigInt(text.slice(0, -1));
      if (BigInt.asUintN(64, value) !== value) throw new SyntaxFailure(`${text} does not fit a uint`);
      return new Uint(value);
    }
    case 'float':
      return negative ? -Number(text) : Number(text);
    case 'string':
      return unquote(text, false);
    case 'bytes':
      return new Bytes(unquote(text.slice(1), true));
    case 'sign':
      return text === 'true' ? true : text === 'false' ? false : text === 'null' ? null : undefined;
    default:
      return undefined;
  }
}

/** Resolves quotes and escapes, which are code points in strings and bytes in bytes. */
function unquote(text: string, bytes: boolean): ByteString {
  const raw = /^[rR]/.test(text);
  const quotes = /^[rR]?("""|'''|"|')/.exec(text)?.[1]?.length ?? 1;
  const inner = text.slice(quotes + (raw ? 1 : 0), -quotes).replace(/\r\n?/g, '\n');
  if (raw && /(^|[^\\])(\\\\)*\\$/.test(inner)) throw new SyntaxFailure('a raw text cannot end with one \\');
  if (raw || !inner.includes('\\')) return utf8ByteString(inner);
  const point = (code: number): string => {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw new SyntaxFailure(`U+${code.toString(16).toUpperCase()} is not a character`);
    }
    return utf8ByteString(String.fromCodePoint(code));
  };
  const one = (escape: string): ByteString => {
    const letter = escape[1] as string;
    if (/[uU]/.test(letter)) {
      if (bytes) throw new SyntaxFailure(`bytes know no ${escape}`);
      return point(Number.parseInt(escape.slice(2), 16));
    }
    const code = /[xX]/.test(letter)
      ? Number.parseInt(escape.slice(2), 16)
      : /\d/.test(letter)
        ? Number.parseInt(escape.slice(1), 8)
        : undefined;
    if (code === undefined) return simple.get(letter) ?? letter;
    return bytes ? String.fromCharCode(code) : point(code);
  };
  return inner
    .split(/(\\(?:[0-3][0-7]{2}|[xX]..|u.{4}|U.{8}|[^]))/)
    .map((part, at) => (at % 2 === 0 ? utf8ByteString(part) : one(part)))
    .join('');
}
