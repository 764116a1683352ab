/** Text → tokens, by the rules of the grammar: the longest token wins. */
import { SyntaxFailure } from './syntax-tree.ts';

export type TokenKind = 'int' | 'uint' | 'float' | 'string' | 'bytes' | 'ident' | 'quoted' | 'sign' | 'end';

export interface SyntaxToken {
  readonly kind: TokenKind;
  readonly text: string;
  /** Code units before it. */
  readonly at: number;
}

const escape = String.raw`\\(?:[abfnrtv"'\\?\x60]|[0-3][0-7]{2}|[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})`;
const quoted = ['"', "'"].flatMap(quote => [
  `[rR]${quote.repeat(3)}[^]*?${quote.repeat(3)}`,
  `[rR]${quote}[^${quote}\\n\\r]*${quote}`,
  `${quote.repeat(3)}(?:${escape}|[^\\\\])*?${quote.repeat(3)}`,
  `${quote}(?:${escape}|[^\\\\${quote}\\n\\r])*${quote}`,
]);
const string = `(?:${quoted.join('|')})`;

/** In this order, what begins alike is tried from the longest on. */
const rules: readonly (readonly [kind: TokenKind | undefined, pattern: string])[] = [
  [undefined, String.raw`(?:[\t \r\n\f]|\/\/[^\n]*)+`],
  ['bytes', `[bB]${string}`],
  ['string', string],
  ['float', String.raw`(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)`],
  ['uint', String.raw`(?:0x[\da-fA-F]+|\d+)[uU]`],
  ['int', String.raw`0x[\da-fA-F]+|\d+`],
  ['ident', '[A-Za-z_][A-Za-z0-9_]*'],
  ['quoted', '`[A-Za-z0-9_.\\-/ ]+`'],
  ['sign', String.raw`==|!=|<=|>=|&&|\|\||[<>\[\]{}().,\-!?:+*/%]`],
];
const pattern = new RegExp(rules.map(([, text]) => `(${text})`).join('|'), 'y');

/** Words that are operators or values, not names. */
const words = new Set(['in', 'true', 'false', 'null']);

export function tokenize(text: string): readonly SyntaxToken[] {
  const tokens: SyntaxToken[] = [];
  pattern.lastIndex = 0;
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    const match = pattern.exec(text);
    if (!match) throw new SyntaxFailure(`${shown(text, at)} begins no word of the language`);
    const rule = rules[match.slice(1).findIndex(group => group !== undefined)];
    const kind = rule?.[0];
    if (kind !== undefined) {
      tokens.push({ kind: words.has(match[0]) ? 'sign' : kind, text: match[0], at });
    }
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

export function shown(text: string, at: number): string {
  const rest = text.slice(at, at + 12);
  return `${JSON.stringify(rest)} at character ${at + 1}`;
}
