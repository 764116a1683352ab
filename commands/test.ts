/** `wasme test`: declarative suites against the built module. */
import type { Command } from 'commander';
import type { TestResult } from '../src/test.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { type GlobalOptions, collect, fileToWrite, globalOptions, valueAfterEquals } from './ui/options.ts';

interface Flags extends GlobalOptions {
  readonly junit?: string;
  readonly host?: string[];
  readonly matrix?: true;
  readonly update?: true;
  readonly watch?: true;
  readonly envoy?: string | true;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[files...]',
      'suite files or folders (default: every *.test.yaml, .yml and .json of the project)',
    )
    .option('--host <hosts>', 'hosts to play on, e.g. envoy@1.36,istio@1.30 (repeatable)', collect)
    .option('--matrix', 'also split bodies in several ways, and play on every host of the project');
  valueAfterEquals(command, '--envoy', 'path', 'use a real Envoy: this program, or the one on PATH');
  command
    .option('-w, --watch', 'build and play again after each save')
    .option('-u, --update', 'write the observed results into the suites')
    .option('--junit <file>', 'also write the results as JUnit XML', fileToWrite)
    .addHelpText(
      'after',
      `
Examples:
  wasme test
  wasme test tests/auth.test.yaml --matrix
  wasme test --watch                   again on each save; a project is built first
  wasme test --update                  accept the present behaviour; read the diff afterwards
  wasme test --envoy                   the same in a real Envoy from PATH
  wasme test --junit results.xml --host istio@1.30,envoy@1.36`,
    )
    .action(async (files: string[]) => {
      const flags = globalOptions<Flags>(command);
      const { test, watchTests } = await import('../src/test.ts');
      const { reporterFor } = await import('./ui/progress-line.ts');
      const { writeResult } = await import('./ui/result.ts');
      const { testText } = await import('./test/test-text.ts');
      const { showFailure } = await import('./ui/failure.ts');
      const { junit, host, matrix, update, envoy } = flags;
      const hosts = host?.flatMap(list => list.split(',')).filter(name => name !== '');
      const options = { files, junit, hosts, matrix, update, envoy };
      const system = systemContextOf(context, reporterFor(context, flags));
      const show = (result: TestResult): void =>
        writeResult(context, flags.json, result, value => testText(value, flags.verbose === true));
      if (!flags.watch) {
        const { failed } = await test({ ...options, onResult: show }, system);
        if (failed > 0) command.parent?.setOptionValue('exitCode', 1);
        return;
      }
      await watchTests(options, system, outcome => {
        if ('suites' in outcome) show(outcome);
        else showFailure(outcome, context, flags.json ? ['--json'] : []);
        system.reporter.info('watching for changes; Ctrl-C ends');
      });
    });
}
