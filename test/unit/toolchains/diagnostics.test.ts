/** Compiler messages are shown with place, source line and caret. */
import { describe, expect, it } from 'vitest';
import { showDiagnostics } from '../../../src/toolchains/diagnostics.ts';
import type { Diagnostic } from '../../../src/toolchains/toolchain.ts';

const fault: Diagnostic = { file: 'src/a.ts', line: 2, column: 3, severity: 'error', message: 'no' };
const show = (diagnostic: Partial<Diagnostic>, source?: string): string =>
  showDiagnostics([{ ...fault, ...diagnostic }], '/project', () => source);

describe('showDiagnostics', () => {
  it('puts the caret under the column', () => {
    expect(show({}, 'let x')).toBe('src/a.ts:2:3: error: no\n  2 | let x\n    |   ^');
  });

  it('keeps tabs, so that the caret is in the right column at any tab width', () => {
    expect(show({ length: 3 }, '\t\tabc')).toBe('src/a.ts:2:3: error: no\n  2 | \t\tabc\n    | \t\t^^^');
  });

  it('counts bytes where the compiler does', () => {
    expect(show({ column: 12, columnInBytes: true }, 'x = "nö" + y')).toMatch(/\n {4}\| {11}\^$/);
    expect(show({ column: 12 }, 'x = "nö" + y')).toMatch(/\n {4}\| {12}\^$/);
  });

  it('underlines at most to the end of the line', () => {
    expect(show({ length: 99 }, 'let x')).toContain('    |   ^^^');
    expect(show({ column: 90 }, 'let x')).toMatch(/\| +\^$/);
  });

  it('shows files in the project relative to it, others by their absolute path', () => {
    expect(show({ file: '/project/b.ts' })).toBe('b.ts:2:3: error: no');
    expect(show({ file: '/usr/include/x.h' })).toBe('/usr/include/x.h:2:3: error: no');
    expect(show({ file: '~lib/rt.ts' })).toBe('~lib/rt.ts:2:3: error: no');
  });

  it('shows twenty messages and counts the others', () => {
    const text = showDiagnostics(
      Array.from({ length: 23 }, () => fault),
      '/project',
      () => undefined,
    );
    expect(text.split('\n')).toHaveLength(21);
    expect(text).toMatch(/… and 3 more$/);
  });
});
