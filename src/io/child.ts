/**
 * A started program: no shell, arguments as a list, ended with us. The only importer of cross-spawn, which is loaded on
 * Windows alone, where a program may be a .cmd file that Node does not start by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import ourselves from 'node:process';
import { WasmeError } from '../errors.ts';
import type { CommandLine } from './command-line.ts';
import type { Edges } from './edges.ts';
import { endGroupOn } from './process-group.ts';

export interface StartOptions {
  readonly stdin: 'ignore' | 'pipe';
  /** An interrupt ends what the program has started too: compilers are programs that start others. Not on Windows. */
  readonly endsTree?: boolean;
}

export interface Started {
  readonly child: ChildProcess;
  /**
   * How it has ended, when all of its output is there: the exit code, or the signal that ended it. Fails with
   * TOOL_MISSING when it could not be started, INTERRUPTED when the edges' signal has aborted.
   */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Politely, and after two seconds by force. */
  readonly stop: () => void;
}

/** Time that a program has to end in good order. */
const forceKillAfterMs = 2_000;

export async function startProgram(
  command: CommandLine,
  edges: Edges,
  { stdin, endsTree }: StartOptions,
): Promise<Started> {
  const ownsGroup = endsTree === true && edges.platform !== 'win32';
  const start = edges.platform === 'win32' ? (await import('cross-spawn')).default : spawn;
  if (edges.signal.aborted) throw interrupted(command);
  // Every program listens to it; many at a time are no leak.
  setMaxListeners(0, edges.signal);
  let child: ChildProcess;
  try {
    child = start(command.program, [...command.args], {
      cwd: command.cwd ?? edges.cwd,
      env: { ...edges.env, ...command.env },
      stdio: [stdin, 'pipe', 'pipe'],
      detached: ownsGroup,
      windowsHide: true,
    });
  } catch (error) {
    // A command line that is too long, a folder that is none: other errors are told by an event.
    throw cannotStart(command, error as Error);
  }
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    stopped = true;
    child.kill();
    timer ??= setTimeout(() => child.kill('SIGKILL'), forceKillAfterMs);
  };
  const forget = ownsGroup ? endGroupOn(edges.signal, child.pid) : undefined;
  edges.signal.addEventListener('abort', stop, { once: true });
  if (!ownsGroup) endWithUs(child);
  // One that has ended, or does not read, is no failure of ours.
  child.stdin?.on('error', () => undefined);
  // Somebody who inherited the output of a program that we ended must not keep us waiting. A group is ended as a whole.
  child.once('exit', () => {
    if (!stopped || ownsGroup) return;
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.on('error', error => {
      if (child.pid === undefined) reject(cannotStart(command, error));
    });
  }).finally(() => {
    clearTimeout(timer);
    edges.signal.removeEventListener('abort', stop);
    running.delete(child);
    forget?.();
    if (edges.signal.aborted) throw interrupted(command);
  });
  return { child, ended, stop };
}

/** What has not ended yet. One listener for all: many programs at a time are no leak. */
const running = new Set<ChildProcess>();
let listening = false;

/** A second Ctrl-C ends us at once. */
function endWithUs(child: ChildProcess): void {
  running.add(child);
  if (listening) return;
  listening = true;
  ourselves.on('exit', () => running.forEach(one => one.kill()));
}

export function interrupted({ program }: CommandLine): WasmeError {
  return new WasmeError('INTERRUPTED', `interrupted while ${program} was running`);
}

function cannotStart({ program }: CommandLine, error: Error): WasmeError {
  return new WasmeError('TOOL_MISSING', `cannot start ${program}: ${error.message}`, {
    hint: `check that ${program} is installed and on PATH; 'wasme doctor' tells how to get compilers`,
    cause: error,
    details: { program },
  });
}

/** Calls back with each line of a text that comes in pieces. */
export function lineSplitter(onLine: (line: string) => void): {
  readonly push: (text: string) => void;
  readonly end: () => void;
} {
  let rest: string[] = [];
  const tell = (line: string): void => onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  return {
    push(text) {
      const lines = text.split('\n');
      const last = lines.pop() ?? '';
      for (const line of lines) {
        tell([...rest, line].join(''));
        rest = [];
      }
      if (last !== '') rest.push(last);
    },
    end() {
      if (rest.length > 0) tell(rest.join(''));
      rest = [];
    },
  };
}
