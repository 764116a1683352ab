/** The results of suites for people. */
import { visibleLine } from '../../src/io/printable.ts';
import type { TestResult } from '../../src/test.ts';

const marks = { passed: '✓', failed: '✗', skipped: '-' } as const;

/** `verbose`: also the messages of the host about cases that passed, and all log lines. */
export function testText({ suites, passed, failed, skipped, updated }: TestResult, verbose: boolean): string {
  const lines = suites.flatMap(({ file, cases }) => [
    visibleLine(file),
    ...cases.flatMap(({ name, status, problems, skipped: reasons, notes, logs }) => [
      `  ${marks[status]} ${visibleLine(name)}`,
      ...problems.map(problem => indented(problem)),
      ...reasons.map(reason => indented(`skipped: ${reason}`)),
      ...(status === 'failed' || verbose ? notes.map(note => indented(`note: ${note}`)) : []),
      ...logText(logs, verbose),
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

/** More lines than these are seldom read; the last ones are next to what failed. */
const maxLogLines = 30;

function logText(logs: readonly string[], verbose: boolean): string[] {
  const left = verbose ? 0 : Math.max(0, logs.length - maxLogLines);
  const more = left === 0 ? [] : [indented(`log: … ${left} lines before these; -v shows them`)];
  return [...more, ...logs.slice(left).map(line => indented(`log: ${line}`))];
}

/** All lines of a text stay below the case they belong to: none can pass for a case, or for the counts. */
function indented(text: string): string {
  return `      ${text.replaceAll('\n', '\n        ')}`;
}
