/** Writes values into the text of a suite file where they stand, so that comments, order and style stay. */
import { isDeepStrictEqual } from 'node:util';
import {
  Document,
  type Node,
  Scalar,
  type YAMLMap,
  isCollection,
  isMap,
  isNode,
  isScalar,
  parse,
  parseDocument,
} from 'yaml';
import { isUnsafe, stringifyDocument, stringifyFlow } from '../../io/yaml-text.ts';
import type { CasePath } from '../expectations/compare.ts';

export interface SuiteEdit {
  /** From the top of the file. */
  readonly path: CasePath;
  readonly value: unknown;
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The new text. A value whose place is written by an alias is left as it is; `done` are the edits that were made. */
export function spliceSuite(
  source: string,
  format: 'json' | 'yaml',
  edits: readonly SuiteEdit[],
): { readonly text: string; readonly done: readonly SuiteEdit[] } {
  const document = parseDocument(source, { schema: format === 'json' ? 'json' : 'core' });
  const found = edits.map(edit => ({ edit, piece: pieceFor(document, source, format, edit) }));
  const made = found.filter((item): item is typeof item & { piece: Piece } => item.piece !== undefined);
  const done = made.map(({ edit }) => edit);
  let text = source;
  for (const { start, end, text: own } of made.map(({ piece }) => piece).sort((a, b) => b.start - a.start)) {
    text = text.slice(0, start) + own + text.slice(end);
  }
  for (const { path, value } of done) document.setIn(path, document.createNode(value));
  // Where the text around a value is stranger than thought, form gives way to the values.
  return { text: meansTheSame(text, document) ? text : stringifyDocument(document), done };
}

function meansTheSame(text: string, document: Document): boolean {
  try {
    return isDeepStrictEqual(parse(text), document.toJS({ maxAliasCount: 100 }));
  } catch {
    return false;
  }
}

function pieceFor(
  document: Document,
  source: string,
  format: 'json' | 'yaml',
  { path, value }: SuiteEdit,
): Piece | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  const key = path.at(-1);
  if (!isCollection(parent) || key === undefined) return undefined;
  const flow = format === 'json' || inFlow(document, path);
  const old = document.getIn(path, true);
  if (isNode(old)) return replaced(source, parent, key, old, value, flow, format);
  return isMap(parent) && typeof key === 'string'
    ? added(source, parent, key, value, flow, format)
    : undefined;
}

function inFlow(document: Document, path: CasePath): boolean {
  return path.some((_, depth) => {
    const node = document.getIn(path.slice(0, depth), true);
    return isCollection(node) && node.flow === true;
  });
}

function replaced(
  source: string,
  parent: Node,
  key: string | number,
  old: Node,
  value: unknown,
  flow: boolean,
  format: 'json' | 'yaml',
): Piece | undefined {
  if (!old.range) return undefined;
  const [start, valueEnd] = old.range;
  const end = start + source.slice(start, valueEnd).trimEnd().length;
  const text = inline(value, old, flow, format, column(source, keyOffset(parent, key)));
  if (!isCollection(old) || old.flow === true || !isMap(parent)) return { start, end, text };
  // What filled the lines below the key goes behind its colon.
  const colon = source.indexOf(':', keyEnd(parent, key)) + 1;
  return { start: colon, end, text: ` ${text}` };
}

function added(
  source: string,
  parent: YAMLMap,
  key: string,
  value: unknown,
  flow: boolean,
  format: 'json' | 'yaml',
): Piece | undefined {
  if (!parent.range) return undefined;
  const [start, valueEnd] = parent.range;
  if (flow) {
    const inside = source.slice(start, valueEnd - 1).trimEnd();
    const name = flowText(key, format);
    const separator = /[{,]$/.test(inside) ? ' ' : ', ';
    const at = start + inside.length;
    return { start: at, end: at, text: `${separator}${name}: ${flowText(value, format)}` };
  }
  const last = start + source.slice(start, valueEnd).trimEnd().length;
  const lineEnd = source.indexOf('\n', last);
  const at = lineEnd < 0 ? source.length : source[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd;
  const eol = source.includes('\r\n') ? '\r\n' : '\n';
  const indent = ' '.repeat(column(source, start));
  const lines = stringifyDocument(new Document({ [key]: value }))
    .trimEnd()
    .split('\n');
  return {
    start: at,
    end: at,
    text: lines.map(line => `${eol}${line === '' ? '' : indent}${line}`).join(''),
  };
}

/** A value behind its key, in the style of the one that stood there. */
function inline(
  value: unknown,
  old: Node,
  flow: boolean,
  format: 'json' | 'yaml',
  keyColumn: number,
): string {
  if (typeof value !== 'string' || format === 'json') return flowText(value, format);
  const type = isScalar(old) ? old.type : undefined;
  if (type === Scalar.QUOTE_DOUBLE) return stringifyFlow(value);
  if (type === Scalar.QUOTE_SINGLE && /^[\x20-\x7e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  const literal =
    type === Scalar.BLOCK_LITERAL && !flow && !isUnsafe(value) && /^\S[^\r]*[^\n]\n?$/.test(value);
  if (!literal) return flowText(value, format);
  const indent = ' '.repeat(keyColumn + 2);
  const lines = value.replace(/\n$/, '').split('\n');
  return [value.endsWith('\n') ? '|' : '|-', ...lines.map(line => (line === '' ? '' : indent + line))].join(
    '\n',
  );
}

/** On one line, fit for every place. */
function flowText(value: unknown, format: 'json' | 'yaml'): string {
  if (format === 'json') return stringifyFlow(value);
  const text = stringifyDocument(new Document([value]), { collectionStyle: 'flow' }).trim();
  return text.includes('\n') ? stringifyFlow(value) : text.slice(1, -1).trim();
}

function keyNode(parent: Node, key: string | number): Node | undefined {
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(item => isScalar(item.key) && item.key.value === key);
  return isNode(pair?.key) ? pair.key : undefined;
}

function keyOffset(parent: Node, key: string | number): number {
  return keyNode(parent, key)?.range?.[0] ?? parent.range?.[0] ?? 0;
}

function keyEnd(parent: Node, key: string | number): number {
  return keyNode(parent, key)?.range?.[1] ?? parent.range?.[0] ?? 0;
}

function column(source: string, offset: number): number {
  return offset - (source.lastIndexOf('\n', offset - 1) + 1);
}
