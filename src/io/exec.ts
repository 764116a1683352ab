/** Runs other programs to their end, and says what they printed. */
import { constants } from 'node:os';
import { WasmeError } from '../errors.ts';
import { lineSplitter, startProgram } from './child.ts';
import { type CommandLine, showCommand } from './command-line.ts';
import type { Edges } from './edges.ts';

export { type CommandLine, showCommand };

export interface ExecOptions {
  /** Text for the program's standard input; nothing when absent. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Called with every line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
  /** false: nothing is kept for the result, so a program may print for days. Default true. */
  readonly keepOutput?: boolean;
  /** An interrupt ends what the program has started too: compilers are programs that start others. Not on Windows. */
  readonly endsTree?: boolean;
}

export interface ExecResult {
  /** Exit code; 128 + n for a signal. */
  readonly exitCode: number;
  /** Without the last line's end. */
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
}

/** Characters kept of one stream: more than any tool has to say, and less than a string can hold. */
const maxOutput = 64 * 1024 * 1024;

/**
 * Runs a program to its end and gives back what it printed, whatever its exit code.
 * Fails with TOOL_MISSING when it cannot be started, TOOL_FAILED when it prints without end, and INTERRUPTED when the
 * edges' signal aborts.
 */
export async function exec(
  command: CommandLine,
  edges: Edges,
  options: ExecOptions = {},
): Promise<ExecResult> {
  edges.reporter.detail(`$ ${showCommand(command)}`);
  const { input, timeoutMs, onLine, keepOutput = true, endsTree = false } = options;
  const startedAt = performance.now();
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const { child, ended, stop } = await startProgram(command, edges, { stdin, endsTree });
  child.stdin?.end(input);
  let timedOut = false;
  let tooMuch = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          stop();
        }, timeoutMs);
  const [stdout, stderr] = [child.stdout, child.stderr].map(stream => {
    const kept: string[] = [];
    let length = 0;
    const lines = onLine && lineSplitter(onLine);
    stream?.setEncoding('utf8').on('data', (text: string) => {
      lines?.push(text);
      if (!keepOutput) return;
      length += text.length;
      if (length <= maxOutput) kept.push(text);
      else if (!tooMuch) {
        tooMuch = true;
        stop();
      }
    });
    stream?.once('end', () => lines?.end());
    return kept;
  });
  const { code, signal } = await ended.finally(() => clearTimeout(timer));
  if (tooMuch) {
    throw new WasmeError('TOOL_FAILED', `${command.program} printed more than ${maxOutput} characters`);
  }
  return {
    exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
    stdout: textOf(stdout),
    stderr: textOf(stderr),
    durationMs: performance.now() - startedAt,
    timedOut,
  };
}

function textOf(pieces: readonly string[] = []): string {
  return pieces.join('').replace(/\r?\n$/, '');
}
