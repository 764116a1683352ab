/** Shows compiler messages the same way whatever the compiler: file:line:column, the source line, a caret. */
import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import type { Diagnostic } from './toolchain.ts';

/** Limits the number of messages: a broken header causes hundreds. */
const maxShown = 20;

/**
 * Returns one block of text per message. `readLine` returns a line of a source file (counted from 1) or undefined. Names of
 * files inside the project are relative to `projectDir`.
 */
export function showDiagnostics(
  diagnostics: readonly Diagnostic[],
  projectDir: string,
  readLine: (file: string, line: number) => string | undefined,
): string {
  const blocks = diagnostics.slice(0, maxShown).map(diagnostic => {
    const path = isAbsolute(diagnostic.file) ? diagnostic.file : join(projectDir, diagnostic.file);
    const inside = relative(projectDir, path);
    const name = inside.startsWith('..') || isAbsolute(inside) ? path : inside;
    const head = `${name}:${diagnostic.line}:${diagnostic.column}: ${diagnostic.severity}: ${diagnostic.message}`;
    const source = readLine(path, diagnostic.line);
    return source === undefined ? head : `${head}\n${underline(source, diagnostic)}`;
  });
  const more = diagnostics.length - maxShown;
  return [...blocks, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}

/** Returns the source line with carets under it. Keeps tabs, so that the carets are in the column the terminal shows. */
function underline(source: string, { line, column, columnInBytes, length = 1 }: Diagnostic): string {
  const gutter = String(line);
  const start = columnInBytes
    ? Buffer.from(source)
        .subarray(0, column - 1)
        .toString().length
    : Math.min(column - 1, source.length);
  const before = source.slice(0, start).replace(/[^\t]/g, ' ');
  const underlined = Math.max(1, Math.min(length, source.length - start));
  return `  ${gutter} | ${source}\n  ${' '.repeat(gutter.length)} | ${before}${'^'.repeat(underlined)}`;
}

/** Returns a reader of source lines that reads each file once. */
export function readSourceLines(): (file: string, line: number) => string | undefined {
  const files = new Map<string, readonly string[]>();
  return (file, line) => {
    let lines = files.get(file);
    if (lines === undefined) {
      lines = existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
      files.set(file, lines);
    }
    return lines[line - 1];
  };
}
