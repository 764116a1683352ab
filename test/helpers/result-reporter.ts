/** Writes what passed, failed and was skipped (with the reason) to the file that test/run.js names. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { root } from './tree.ts';

class ResultReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env['WASME_TEST_RESULTS'];
    if (file === undefined) return;
    let passed = 0;
    let failed = 0;
    const skipped: { title: string; reason: string }[] = [];
    for (const module of modules) {
      if (module.errors().length > 0) failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        if (result.state === 'failed') failed++;
        if (result.state === 'skipped') {
          const title = `${relative(root, module.moduleId)}: ${test.parent.type === 'suite' ? test.parent.fullName : test.name}`;
          skipped.push({ title, reason: result.note ?? 'an earlier step of its suite failed' });
        }
      }
    }
    writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
  }
}

export default ResultReporter;
