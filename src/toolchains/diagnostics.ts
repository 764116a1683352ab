/** Compiler messages shown the same way whatever the compiler: file:line:col, the line, a caret. */
import { isAbsolute, join, relative } from 'node:path';
import type { Diagnostic } from './toolchain.ts';

/** How many messages are worth reading at once; a broken header makes hundreds. */
const maxShown = 20;

/**
 * One block of text per message. `readLine` gives a line of a source file (counted from 1) or undefined; files are
 * named relative to `projectDir` when they lie inside it.
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
    return source === undefined ? head : `${head}\n${frame(source, diagnostic)}`;
  });
  const more = diagnostics.length - maxShown;
  return [...blocks, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}

/** The source line and a caret line under it. Tabs are kept, so that the caret stands where the terminal puts the column. */
function frame(source: string, { line, column, columnInBytes, length = 1 }: Diagnostic): string {
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
