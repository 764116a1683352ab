/** The results of suites for people. */
import { visibleLine } from '../../src/io/printable.ts';
import type { TestResult } from '../../src/test.ts';

const marks = { passed: '✓', failed: '✗', skipped: '-' } as const;

/** `verbose`: also what the host says about cases that passed. */
export function testText({ suites, passed, failed, skipped, updated }: TestResult, verbose: boolean): string {
  const lines = suites.flatMap(({ file, cases }) => [
    visibleLine(file),
    ...cases.flatMap(({ name, status, problems, skipped: reasons, notes }) => [
      `  ${marks[status]} ${visibleLine(name)}`,
      ...problems.map(problem => indented(problem)),
      ...reasons.map(reason => indented(`skipped: ${reason}`)),
      ...(status === 'failed' || verbose ? notes.map(note => indented(`note: ${note}`)) : []),
    ]),
  ]);
  const counts = [
    `${passed} passed`,
    `${failed} failed`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(updated > 0 ? [`${updated} written`] : []),
  ];
  return [...lines, '', counts.join(', ')].join('\n');
}

/** All lines of a text stay below the case they belong to: none can pass for a case, or for the counts. */
function indented(text: string): string {
  return `      ${text.replaceAll('\n', '\n        ')}`;
}
