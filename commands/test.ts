/** `wasme test`: declarative suites against the built module. */
import type { Command } from 'commander';
import { type Context, edgesOf } from './ui/context.ts';
import { type GlobalOptions, collect, globalOptions, valueAfterEquals } from './ui/options.ts';

interface Flags extends GlobalOptions {
  readonly junit?: string;
  readonly host?: string[];
  readonly matrix?: true;
  readonly update?: true;
  readonly envoy?: string | true;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[files...]',
      'suite files or folders (default: every *.test.yaml, .yml and .json of the project)',
    )
    .option('--host <hosts>', 'hosts to play on, e.g. envoy@1.36,istio@1.30 (repeatable)', collect)
    .option('--matrix', 'also cut bodies in several ways, and play on every host of the project');
  valueAfterEquals(command, '--envoy', 'path', 'in a real Envoy: this program, or the one on PATH');
  command
    .option('-u, --update', 'write what was seen into the suites')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addHelpText(
      'after',
      `
Examples:
  wasme test
  wasme test tests/auth.test.yaml --matrix
  wasme test --update                  accept what the filter does now, then look at the diff
  wasme test --envoy                   the same in the real Envoy on PATH
  wasme test --junit results.xml --host istio@1.30,envoy@1.36`,
    )
    .action(async (files: string[]) => {
      const flags = globalOptions<Flags>(command);
      const { test } = await import('../src/test.ts');
      const { reporterFor } = await import('./ui/reporter.ts');
      const { writeResult } = await import('./ui/result.ts');
      const { testText } = await import('./ui/test-text.ts');
      const { junit, host, matrix, update, envoy } = flags;
      const hosts = host?.flatMap(list => list.split(',')).filter(name => name !== '');
      const result = await test(
        { files, junit, hosts, matrix, update, envoy },
        edgesOf(context, reporterFor(context, flags)),
      );
      writeResult(context, flags.json, result, value => testText(value, flags.verbose === true));
      if (result.failed > 0) command.parent?.setOptionValue('exitCode', 1);
    });
}
