/** Results as a JUnit XML document, the format that CI systems read. */
import type { CaseResult } from './result.ts';

export interface SuiteReport {
  readonly file: string;
  readonly cases: readonly CaseResult[];
}

export function junitXml(suites: readonly SuiteReport[]): string {
  const all = suites.flatMap(suite => suite.cases);
  const lines = suites.map(({ file, cases }) => {
    const rows = cases.map(({ name, status, problems, skipped, notes, logs, durationMs }) => {
      const head = `    <testcase name="${escape(name)}" classname="${escape(file)}" time="${(durationMs / 1000).toFixed(3)}"`;
      if (status === 'skipped') {
        return `${head}>\n      <skipped message="${escape(skipped.join('; '))}"/>\n    </testcase>`;
      }
      if (status === 'passed') return `${head}/>`;
      const texts = [...problems, ...notes].join('\n');
      const output = logs.length === 0 ? '' : `\n      <system-out>${escape(logs.join('\n'))}</system-out>`;
      return `${head}>\n      <failure message="${escape(problems[0] ?? '')}">${escape(texts)}</failure>${output}\n    </testcase>`;
    });
    return `  <testsuite name="${escape(file)}" ${counts(cases)}>\n${rows.join('\n')}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts(all)}>\n${lines.join('\n')}\n</testsuites>\n`;
}

function counts(cases: readonly CaseResult[]): string {
  const count = (status: CaseResult['status']): number =>
    cases.filter(testCase => testCase.status === status).length;
  return `tests="${cases.length}" failures="${count('failed')}" skipped="${count('skipped')}"`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[^\t\n\r\u0020-\uFFFD]/g, '');
}
