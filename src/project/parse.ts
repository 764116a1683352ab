/** Text of a JSON or YAML file → checked value, with complaints that point at file, line, column and field. */
import { type Document, LineCounter, isNode, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { droppedKeys, faultsOf } from './faults.ts';
import { type ErrorCode, WasmeError } from '../errors.ts';
import { printable } from '../io/printable.ts';
import { checkDepth } from '../io/yaml-depth.ts';

/** The most characters of a message of the parser that are shown. */
const maxQuoted = 120;

/** The most characters of a fault, and the most faults of a message: a file of another kind has hundreds. */
const maxFault = 1000;
const maxFaults = 20;

export interface ParseOptions {
  readonly format: 'json' | 'yaml';
  readonly code: ErrorCode;
  readonly hint: string;
}

/** Fails with `options.code`, whose message has one line per fault: `file:line:col: field: what`. */
export function parseFile<S extends z.ZodType>(
  source: string,
  file: string,
  schema: S,
  options: ParseOptions,
): z.infer<S> {
  checkDepth(source, what => new WasmeError(options.code, `${file}: ${what}`, { hint: options.hint }));
  const lines = new LineCounter();
  // JSON is YAML's flow subset; this parser keeps positions, which JSON.parse does not.
  const document = parseDocument(source.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    schema: options.format === 'json' ? 'json' : 'core',
    strict: true,
  });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const fail = (found: readonly string[]): WasmeError => {
    const faults = found.map(fault => (fault.length > maxFault ? `${fault.slice(0, maxFault)}…` : fault));
    const more = faults.length - maxFaults;
    const shown = more > 0 ? [...faults.slice(0, maxFaults), `and ${more} more`] : faults;
    return new WasmeError(options.code, shown.join('\n'), { hint: options.hint, details: { faults } });
  };
  if (document.errors.length > 0) {
    // The parser says the place again at the end of its text, and quotes the line below it. A file of another kind can be
    // one scalar, which it quotes as a whole: a message shows no more than the start.
    const what = ({ message }: Error): string =>
      printable(message.replace(/,? at line \d+, column \d+:?\n[^]*$/, ''), maxQuoted);
    throw fail(document.errors.map(error => `${at(error.pos[0])}: ${what(error)}`));
  }
  const value = valueOf(document, (offset, what) => fail([`${at(offset)}: ${what}`]));
  const result = schema.safeParse(value);
  const faults = result.success
    ? droppedKeys(value, result.data).map(path => ({ path, what: 'no name may be __proto__ here' }))
    : faultsOf(result.error, schema, value);
  if (result.success && faults.length === 0) return result.data;
  throw fail(
    faults.map(
      ({ path, what }) =>
        `${at(offsetOf(document, path))}: ${path.length === 0 ? '' : `${path.join('.')}: `}${what}`,
    ),
  );
}

/** Returns the document as plain data; throws what `fail` makes where its aliases multiply. */
export function valueOf(document: Document, fail: (offset: number, what: string) => Error): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // The parser found no alias of nothing, or the library says so here in a sentence of its own.
    if (!(error instanceof ReferenceError)) throw error;
    const multiplied = error.message.startsWith('Excessive alias count');
    throw fail(
      firstAlias(document),
      multiplied ? 'aliases of aliases stand for too many values' : error.message,
    );
  }
}

/** Offset of the first alias that lies in an anchored value: such ones multiply. */
function firstAlias(document: Document): number {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, alias, path) {
      if (!path.some(node => isNode(node) && 'anchor' in node && node.anchor !== undefined)) return undefined;
      offset = alias.range?.[0];
      return visit.BREAK;
    },
  });
  return offset ?? 0;
}

/** Offset of the value at `path`, or of the deepest part of it that exists. */
export function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const keys = path.slice(0, depth).map(part => (/^\d+$/.test(part) ? Number(part) : part));
    const node: unknown = depth === 0 ? document.contents : document.getIn(keys, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
