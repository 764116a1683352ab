/** The results of suites for people. */
import type { TestResult } from '../../src/test.ts';

const marks = { passed: '✓', failed: '✗', skipped: '-' } as const;

/** `verbose`: also what the host says about cases that passed. */
export function testText({ suites, passed, failed, skipped, updated }: TestResult, verbose: boolean): string {
  const lines = suites.flatMap(({ file, cases }) => [
    file,
    ...cases.flatMap(({ name, status, problems, skipped: reasons, notes }) => [
      `  ${marks[status]} ${name}`,
      ...problems.map(problem => `      ${problem}`),
      ...reasons.map(reason => `      skipped: ${reason}`),
      ...(status === 'failed' || verbose ? notes.map(note => `      note: ${note}`) : []),
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
