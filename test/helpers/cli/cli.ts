/** Runs a command line in process, on a test machine of its own: temporary folder, own HOME, captured streams. */
import { setMaxListeners } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../../../commands/cli.ts';
import { silentReporter } from '../../../src/reporter.ts';
import type { SystemContext } from '../../../src/io/system-context.ts';

export interface TestMachine {
  /** The current folder of the commands. */
  readonly cwd: string;
  readonly home: string;
  readonly env: Record<string, string | undefined>;
  /** Runs `wasme <argv>` on this machine. */
  wasme(...argv: string[]): Promise<Outcome>;
  /** The same, with what is printed visible in `screen` while it runs; gives the exit code. */
  wasmeLive(screen: Screen, ...argv: string[]): Promise<number>;
  /** The system context for calling a verb of the library directly. */
  readonly system: SystemContext;
}

export interface Screen {
  out: string;
  err: string;
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Creates an empty machine and removes it when the test has finished. */
export function newMachine(
  options: { env?: Record<string, string | undefined>; signal?: AbortSignal; isTTY?: boolean } = {},
): TestMachine {
  const root = mkdtempSync(join(tmpdir(), 'wasme-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const cwd = join(root, 'work');
  const home = join(root, 'home');
  mkdirSync(cwd);
  mkdirSync(home);
  const env = { PATH: process.env['PATH'], HOME: home, ...options.env };
  const signal = options.signal ?? new AbortController().signal;
  // As the process does with its own: many may wait at a time.
  setMaxListeners(0, signal);
  const common = { cwd, env, platform: process.platform, homeDir: home, now: Date.now, signal };
  const wasmeLive = (screen: Screen, ...argv: string[]): Promise<number> =>
    run(argv, {
      ...common,
      stdin: process.stdin,
      stdout: { write: text => (screen.out += written(text)), ...(options.isTTY ? { isTTY: true } : {}) },
      stderr: { write: text => (screen.err += written(text)) },
    });
  return {
    cwd,
    home,
    env,
    system: { ...common, reporter: silentReporter },
    wasmeLive,
    async wasme(...argv) {
      const screen: Screen = { out: '', err: '' };
      const exitCode = await wasmeLive(screen, ...argv);
      return { exitCode, stdout: screen.out, stderr: screen.err };
    },
  };
}

/** Bytes that are no text are kept one to one, as latin1 has them. */
function written(text: string | Uint8Array): string {
  return typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
}
