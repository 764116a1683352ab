/** `wasme run` in a test: the real command line with its worker threads, watched while it runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { run } from '../../commands/cli.ts';
import type { Context } from '../../commands/ui/context.ts';
import type { RunResult } from '../../src/run.ts';
import type { World } from './cli.ts';

export interface RunningCli {
  /** Printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until stderr has the text; fails after 10 s. */
  said(text: string | RegExp): Promise<void>;
  /** The JSON result, once it listens. */
  ready(): Promise<RunResult>;
  /** Ctrl-C; gives the exit code. */
  interrupt(): Promise<number>;
  readonly exitCode: Promise<number>;
}

/** Starts `wasme run --json --port 0 <argv>`; it ends with the test at the latest. */
export function startCli(world: World, ...argv: string[]): RunningCli {
  const controller = new AbortController();
  let stdout = '';
  let stderr = '';
  const { cwd, env, edges } = world;
  const context: Context = {
    stdin: process.stdin,
    stdout: { write: text => (stdout += String(text)) },
    stderr: { write: text => (stderr += String(text)) },
    cwd,
    env,
    platform: edges.platform,
    homeDir: edges.homeDir,
    now: Date.now,
    signal: controller.signal,
  };
  const exitCode = run(['run', '--json', '--port', '0', ...argv], context);
  const interrupt = (): Promise<number> => {
    controller.abort();
    return exitCode;
  };
  onTestFinished(async () => void (await interrupt()));
  const until = async (what: string, found: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 500 && !found(); tries++) await sleep(20);
    if (!found()) throw new Error(`${what} did not come\n${stdout}\n${stderr}`);
  };
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    exitCode,
    interrupt,
    said: text =>
      until(`"${text.toString()}"`, () =>
        typeof text === 'string' ? stderr.includes(text) : text.test(stderr),
      ),
    ready: async () => {
      await until('the result', () => stdout.endsWith('}\n') || stderr.includes('"error"'));
      return JSON.parse(stdout) as RunResult;
    },
  };
}
