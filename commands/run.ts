/** `wasme run [target…]`: operands and printing; its flags are in ui/options-run.ts, the job in src/run.ts. */
import type { Command } from 'commander';
import type { RunResult } from '../src/run.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { globalOptions } from './ui/options.ts';
import { type RunFlags, addRunFlags, runOptions } from './run/run-flags.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';
import { runPrinter } from './run/run-output.ts';

export function declare(command: Command, context: Context): void {
  command.argument('[target...]', 'project folders, .wasm files or images, in the order of the request');
  addRunFlags(command);
  command
    .addHelpText(
      'after',
      `
Examples:
  wasme run                                  the project in this folder, with the echo upstream
  wasme run --watch                          build on each save and replace the filter
  wasme run --upstream http://127.0.0.1:3000 -p 8000
  wasme run auth.wasm build/headers.wasm     a chain of two
  wasme run registry.example/me/add-header:v1
  wasme run --config '{"header":"x-team"}' --cluster auth=http://127.0.0.1:9000 --trace
  wasme run --envoy                          the same in a real Envoy from PATH (--envoy=/opt/envoy: in that one)
  curl -v http://127.0.0.1:8080/             in a second terminal`,
    )
    .action(async (targets: string[], flags: RunFlags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { run } = await import('../src/run.ts');
      const onEvent = runPrinter(context, options);
      const job = { ...(await runOptions(targets, flags, context)), onEvent };
      await run(job, system, result => writeResult(context, options.json, shown(result), runText));
    });
}

/** The stable part of a running proxy. */
function shown({ url, port, admin, upstream, host, envoy, filters }: RunResult): RunResult {
  return { url, port, admin, upstream, host, envoy, filters };
}

function runText({ url, admin, upstream, host, envoy, filters }: RunResult): string {
  const chain = filters.map(filter => filter.name).join(' → ');
  const how = envoy === null ? `as ${host}` : `in ${host} (${envoy})`;
  const lines = [
    `${url} → ${chain} → ${upstream}`,
    `${how}${admin === null ? '' : `; admin ${admin}`}; Ctrl-C ends it`,
  ];
  return lines.join('\n');
}
