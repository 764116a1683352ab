/** The result of a verb on stdout, once: text for people or one JSON document. */
import { visibleJson, visibleLine } from '../../src/io/printable.ts';
import type { Context } from './context.ts';
import type { Pieces } from './output-stream.ts';

/** `text` may be empty: then nothing is printed for people. */
export function writeResult<T>(
  context: Context,
  json: boolean | undefined,
  value: T,
  text: (value: T) => string | Pieces,
): void {
  if (json) {
    context.stdout.write(`${visibleJson(JSON.stringify(value, jsonValue, 2))}\n`);
    return;
  }
  const output = text(value);
  const pieces = typeof output === 'string' ? [output] : output;
  const last = pieces.at(-1) ?? '';
  const end = typeof last === 'string' ? last : last.text;
  if (pieces.length > 1 || end !== '') context.stdout.write(...pieces, end.endsWith('\n') ? '' : '\n');
}

/** Writes a diff, which may be piped into `patch`, and returns the text for `writeResult` that is left: none. */
export function writeDiff(context: Context, diff: string): '' {
  if (diff !== '') context.stdout.writeDocument(diff.endsWith('\n') ? diff : `${diff}\n`);
  return '';
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Columns with two spaces between them; the last one is not padded. Lines end with a newline, which no cell can have. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map(row => row.map(visibleLine));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map(row =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))),
    )
    .map(row => `${row.join('  ').trimEnd()}\n`)
    .join('');
}
