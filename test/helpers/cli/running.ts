/** `wasme run` in a test: the real command line with its worker threads, watched while it runs. */
import { onTestFinished } from 'vitest';
import { run } from '../../../commands/cli.ts';
import type { ProcessContext } from '../../../commands/ui/context.ts';
import type { RunResult } from '../../../src/run.ts';
import type { TestMachine } from './cli.ts';
import { until } from '../until.ts';

export interface RunningCli {
  /** Printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until stderr has the text. */
  said(text: string | RegExp): Promise<void>;
  /** The JSON result, once it listens. */
  ready(): Promise<RunResult>;
  /** Ctrl-C; gives the exit code. */
  interrupt(): Promise<number>;
  readonly exitCode: Promise<number>;
}

/** Starts `wasme run --json --port 0 <argv>`; it ends with the test at the latest. */
export function startCli(machine: TestMachine, ...argv: string[]): RunningCli {
  const controller = new AbortController();
  let stdout = '';
  let stderr = '';
  const { cwd, env, system } = machine;
  const context: ProcessContext = {
    stdin: process.stdin,
    stdout: { write: text => (stdout += String(text)) },
    stderr: { write: text => (stderr += String(text)) },
    cwd,
    env,
    platform: system.platform,
    homeDir: system.homeDir,
    now: Date.now,
    signal: controller.signal,
  };
  const exitCode = run(['run', '--json', '--port', '0', ...argv], context);
  const interrupt = (): Promise<number> => {
    controller.abort();
    return exitCode;
  };
  onTestFinished(async () => void (await interrupt()));
  const printed = async (what: string, found: () => boolean): Promise<void> =>
    void (await until(found, () => `${what} in\n${stdout}\n${stderr}`));
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    exitCode,
    interrupt,
    said: text =>
      printed(`"${text.toString()}"`, () =>
        typeof text === 'string' ? stderr.includes(text) : text.test(stderr),
      ),
    ready: async () => {
      await printed('the result', () => stdout.endsWith('}\n') || stderr.includes('"error"'));
      return JSON.parse(stdout) as RunResult;
    },
  };
}
