/**
 * Starts other programs. The only importer of execa: no shell, arguments as a list, children end with us. It is loaded
 * with the first program, because its hundred files cost every other verb that could start one 40 ms.
 */
import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { WasmeError, redact } from '../../errors.ts';
import { noteChild } from './children.ts';
import type { SystemContext } from '../system-context.ts';
import { endGroupOn, graceMs } from './process-group.ts';
import { searchPath } from './program.ts';

/** A command as data: what a plan holds and what --dry-run prints. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  /** Absolute; default: the system's cwd. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

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
  /** Both are text: without colours and what was written over. */
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly timedOut: boolean;
}

/**
 * Runs a program to its end and gives back what it printed, whatever its exit code.
 * Fails with TOOL_MISSING when it cannot be started and INTERRUPTED when the system's signal aborts.
 */
export async function exec(
  command: CommandLine,
  system: SystemContext,
  options: ExecOptions = {},
): Promise<ExecResult> {
  system.reporter.detail(`$ ${showCommand(command)}`);
  const { execa } = await import('execa');
  const ownsGroup = options.endsTree === true && system.platform !== 'win32';
  const child = execa(command.program, command.args, {
    ...started(command, system),
    detached: ownsGroup,
    all: options.onLine !== undefined,
    buffer: options.keepOutput !== false,
    maxBuffer: 64 * 1024 * 1024,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  const { onLine } = options;
  const told = onLine === undefined ? undefined : tellLines(child.iterable({ from: 'all' }), onLine);
  const forget = ownsGroup ? endGroupOn(system.signal, child.pid) : undefined;
  const ended = noteChild(child.pid, ownsGroup);
  const result = await child;
  ended();
  forget?.();
  // Its last words may still be on their way when its end is seen.
  await told;
  if (result.isCanceled) throw interrupted(command);
  if (result.failed && result.exitCode === undefined && !result.timedOut && result.signal === undefined) {
    throw new WasmeError(
      'TOOL_MISSING',
      `cannot start ${command.program}: ${result.originalMessage ?? 'not found'}`,
      {
        hint: `check that ${command.program} is installed and on PATH; "wasme doctor" shows how to install compilers`,
        cause: result,
        details: { program: command.program },
      },
    );
  }
  return {
    exitCode: result.exitCode ?? 128 + (result.signal === undefined ? 0 : constants.signals[result.signal]),
    stdout: text(result.stdout),
    stderr: text(result.stderr),
    durationMs: result.durationMs,
    timedOut: result.timedOut,
  };
}

/** Until there are no more; a program that was ended may break off in the middle of one. */
async function tellLines(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line));
  } catch {
    // What became of the program is what its result says.
  }
}

/** A program that stays and answers: one line in, lines out. */
export interface Conversation {
  /** Sends a line and gives what the program prints up to the line that `isEnd` takes, which is the last. */
  ask(line: string, isEnd: (line: string) => boolean): Promise<readonly string[]>;
  /** Ends the program. */
  end(): Promise<void>;
}

/**
 * Starts a program to talk with over stdin and stdout (its stderr is read as well). One question at a time.
 * `ask` fails with TOOL_FAILED when the program ends instead of answering, INTERRUPTED when the system's signal aborts.
 */
export async function converse(command: CommandLine, system: SystemContext): Promise<Conversation> {
  system.reporter.detail(`$ ${showCommand(command)}`);
  const { execa } = await import('execa');
  const child = execa(command.program, command.args, {
    ...started(command, system),
    stdin: 'pipe',
    all: true,
    buffer: false,
  });
  void child.finally(noteChild(child.pid, false));
  const lines = child.iterable({ from: 'all' })[Symbol.asyncIterator]();
  return {
    async ask(line, isEnd) {
      child.stdin.write(`${line}\n`);
      const answer: string[] = [];
      for (;;) {
        const next = await lines.next();
        if (next.done) break;
        answer.push(text(String(next.value)));
        if (isEnd(answer.at(-1) ?? '')) return answer;
      }
      if (system.signal.aborted) throw interrupted(command);
      throw new WasmeError(
        'TOOL_FAILED',
        `${command.program} ended instead of answering:\n${answer.join('\n')}`,
      );
    },
    async end() {
      child.stdin.end();
      child.kill();
      await child;
    },
  };
}

/** Returns the options that every program is started with: it ends when our process is interrupted. */
function started(command: CommandLine, system: SystemContext) {
  return {
    cwd: command.cwd ?? system.cwd,
    env: environment(command, system),
    extendEnv: false,
    reject: false,
    cancelSignal: system.signal,
    forceKillAfterDelay: graceMs,
  } as const;
}

function interrupted({ program }: CommandLine): WasmeError {
  return new WasmeError('INTERRUPTED', `interrupted while ${program} was running`);
}

function environment({ env }: CommandLine, system: SystemContext): Record<string, string> {
  const all: Record<string, string> = {};
  const path = system.env['PATH'] === undefined ? {} : { PATH: searchPath(system) };
  for (const [name, value] of Object.entries({ ...system.env, ...path, ...env })) {
    if (value !== undefined) all[name] = value;
  }
  return all;
}

/**
 * As a terminal would show it in the end. In CI, and where it is asked for, programs colour what goes into a pipe too, and
 * write over what they have written.
 */
function text(output = ''): string {
  return stripVTControlCharacters(output)
    .replace(/^[^\n]*\r(?!\n)/gm, '')
    .replaceAll('\r\n', '\n');
}

/** A command line that can be pasted into a POSIX shell; credentials redacted. */
export function showCommand(command: CommandLine): string {
  const env = Object.entries(command.env ?? {}).map(([name, value]) => `${name}=${quote(value)}`);
  return redact([...env, quote(command.program), ...command.args.map(quote)].join(' '));
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
