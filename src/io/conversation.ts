/** A program that stays and answers: one line in, lines out. */
import { WasmeError } from '../errors.ts';
import { interrupted, lineSplitter, startProgram } from './child.ts';
import { type CommandLine, showCommand } from './command-line.ts';
import type { Edges } from './edges.ts';

export interface Conversation {
  /** Sends a line and gives what the program prints up to the line that `isEnd` takes, which is the last. */
  ask(line: string, isEnd: (line: string) => boolean): Promise<readonly string[]>;
  /** Ends the program. */
  end(): Promise<void>;
}

/**
 * Starts a program to talk with over stdin and stdout (its stderr is read as well). One question at a time.
 * `ask` fails with TOOL_FAILED when the program ends instead of answering, TOOL_MISSING when it could not be started,
 * INTERRUPTED when the edges' signal aborts.
 */
export async function converse(command: CommandLine, edges: Edges): Promise<Conversation> {
  edges.reporter.detail(`$ ${showCommand(command)}`);
  const { child, ended, stop } = await startProgram(command, edges, { stdin: 'pipe' });
  const lines: string[] = [];
  let onLine: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    const splitter = lineSplitter(line => {
      lines.push(line);
      onLine();
    });
    stream?.setEncoding('utf8').on('data', splitter.push).once('end', splitter.end);
  }
  // Told by `ask`, or of no interest any more.
  ended.catch(() => undefined);
  return {
    async ask(line, isEnd) {
      child.stdin?.write(`${line}\n`);
      const answered = new Promise<'answered'>(resolve => {
        onLine = () => {
          if (isEnd(lines.at(-1) ?? '')) resolve('answered');
        };
      });
      const outcome = await Promise.race([answered, ended]);
      if (outcome === 'answered') return lines.splice(0, lines.findIndex(isEnd) + 1);
      if (edges.signal.aborted) throw interrupted(command);
      throw new WasmeError(
        'TOOL_FAILED',
        `${command.program} ended instead of answering:\n${lines.join('\n')}`,
      );
    },
    async end() {
      child.stdin?.end();
      stop();
      await ended.catch(() => undefined);
    },
  };
}
