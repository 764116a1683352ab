/** The result of a verb on stdout, once: text for people or one JSON document. */
import type { Context } from './context.ts';

/** `text` may be empty: then nothing is printed for people. */
export function writeResult<T>(
  context: Context,
  json: boolean | undefined,
  value: T,
  text: (value: T) => string,
): void {
  const output = json ? JSON.stringify(value, jsonValue, 2) : text(value);
  if (output !== '') context.stdout.write(output.endsWith('\n') ? output : `${output}\n`);
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Columns with two spaces between them; the last one is not padded. Lines end with a newline. */
export function table(rows: readonly (readonly string[])[]): string {
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
    .map(cells => `${cells.join('  ').trimEnd()}\n`)
    .join('');
}
