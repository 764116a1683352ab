/** Writes values into the text of a suite file, so that comments, order and style stay. */
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
import {
  type TextEdit,
  appendLines,
  applyEdits,
  columnOf,
  endOf,
  eolOf,
  startOf,
} from '../../io/text-edits.ts';
import { isUnsafe, stringifyDocument, stringifyFlow } from '../../io/yaml-text.ts';
import type { CasePath } from '../expectations/compare.ts';

export interface SuiteEdit {
  /** From the top of the file. */
  readonly path: CasePath;
  readonly value: unknown;
}

/** The new text. A value whose place is written by an alias is left as it is; `done` are the edits that were made. */
export function spliceSuite(
  source: string,
  format: 'json' | 'yaml',
  edits: readonly SuiteEdit[],
): { readonly text: string; readonly done: readonly SuiteEdit[] } {
  const document = parseDocument(source, { schema: format === 'json' ? 'json' : 'core' });
  const made = edits.flatMap(edit => {
    const piece = editFor(document, source, format, edit);
    return piece === undefined ? [] : [{ edit, piece }];
  });
  const done = made.map(({ edit }) => edit);
  const text = applyEdits(
    source,
    made.map(({ piece }) => piece),
  );
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

function editFor(
  document: Document,
  source: string,
  format: 'json' | 'yaml',
  { path, value }: SuiteEdit,
): TextEdit | undefined {
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
): TextEdit | undefined {
  if (!old.range) return undefined;
  const start = startOf(old);
  const end = Math.max(start, endOf(source, old));
  const name = keyNode(parent, key) ?? parent;
  const insert = inline(value, old, flow, format, columnOf(source, startOf(name)));
  if (!isCollection(old) || old.flow === true || !isMap(parent)) return { start, end, insert };
  // What filled the lines below the key goes behind its colon.
  const colon = source.indexOf(':', name.range?.[1] ?? 0) + 1;
  return { start: colon, end, insert: ` ${insert}` };
}

function added(
  source: string,
  parent: YAMLMap,
  key: string,
  value: unknown,
  flow: boolean,
  format: 'json' | 'yaml',
): TextEdit | undefined {
  if (!parent.range) return undefined;
  if (flow) {
    const at = source.slice(0, parent.range[1] - 1).trimEnd().length;
    const separator = /[{,]$/.test(source.slice(0, at)) ? ' ' : ', ';
    return { start: at, end: at, insert: `${separator}${flowText(key, format)}: ${flowText(value, format)}` };
  }
  const eol = eolOf(source);
  const indent = ' '.repeat(columnOf(source, startOf(parent)));
  const lines = stringifyDocument(new Document({ [key]: value }))
    .trimEnd()
    .split('\n');
  const block = lines.map(line => `${line === '' ? '' : indent}${line}${eol}`).join('');
  return appendLines(source, endOf(source, parent), block);
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
