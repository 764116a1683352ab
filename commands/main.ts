#!/usr/bin/env node
/** The process: its streams, signals and exit code. Everything else is in cli.ts, which a test can call. */
import module from 'node:module';

// Absent on Node 20; from 22.8 it makes every start after the first quicker.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

void main();

async function main(): Promise<void> {
  const { run } = await import('./cli.ts');
  const { processContext } = await import('./ui/context.ts');
  // Until there is a result: a question that is left with Ctrl-D keeps nothing alive, and nothing was done.
  process.exitCode = 130;
  process.exitCode = await run(process.argv.slice(2), processContext());
}
