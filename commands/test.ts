/** `wasme test`: declarative suites against the built module. */
import type { Command } from 'commander';
import { type Context, edgesOf } from './ui/context.ts';
import { type GlobalOptions, collect, globalOptions } from './ui/options.ts';

interface Flags extends GlobalOptions {
  readonly junit?: string;
  readonly host?: string[];
  readonly matrix?: true;
  readonly update?: true;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[files...]',
      'suite files or folders (default: every *.test.yaml, .yml and .json of the project)',
    )
    .option('--host <hosts>', 'hosts to play on, e.g. envoy@1.36,istio@1.30 (repeatable)', collect)
    .option('--matrix', 'also cut bodies in several ways, and play on every host of the project')
    .option('-u, --update', 'write what was seen into the suites')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addHelpText(
      'after',
      `
Examples:
  wasme test
  wasme test tests/auth.test.yaml --matrix
  wasme test --update                  accept what the filter does now, then look at the diff
  wasme test --junit results.xml --host istio@1.30,envoy@1.36`,
    )
    .action(async (files: string[]) => {
      const flags = globalOptions<Flags>(command);
      const { test } = await import('../src/test.ts');
      const { reporterFor } = await import('./ui/reporter.ts');
      const { writeResult } = await import('./ui/result.ts');
      const { junit, host, matrix, update } = flags;
      const hosts = host?.flatMap(list => list.split(',')).filter(name => name !== '');
      const result = await test(
        { files, junit, hosts, matrix, update },
        edgesOf(context, reporterFor(context, flags)),
      );
      writeResult(context, flags.json, result, ({ suites, passed, failed, updated }) => {
        const lines = suites.flatMap(({ file, cases }) => [
          file,
          ...cases.flatMap(({ name, problems, notes }) => [
            `  ${problems.length === 0 ? '✓' : '✗'} ${name}`,
            ...problems.map(problem => `      ${problem}`),
            ...(problems.length > 0 || flags.verbose ? notes.map(note => `      note: ${note}`) : []),
          ]),
        ]);
        return [
          ...lines,
          '',
          `${passed} passed, ${failed} failed${updated > 0 ? `, ${updated} written` : ''}`,
        ].join('\n');
      });
      if (result.failed > 0) command.parent?.setOptionValue('exitCode', 1);
    });
}
