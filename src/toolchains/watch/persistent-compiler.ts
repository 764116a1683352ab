/** Keeps a compiler process between builds of --watch; starts another one when the plan changes. */
import type { SystemContext } from '../../io/system-context.ts';
import { type CommandLine, type Conversation, converse, showCommand } from '../../io/process/exec.ts';
import type { StepRunner } from '../execute.ts';
import type { BuildPlan } from '../toolchain.ts';

export interface PersistentCompiler {
  /** Returns a runner that asks the kept process, or undefined if the plan has no compiler server. */
  runner(plan: BuildPlan, projectDir: string): StepRunner | undefined;
  /** Runs one throw-away compilation to warm up the process. Returns immediately; errors are ignored. */
  warmUp(plan: BuildPlan, projectDir: string): void;
  end(): Promise<void>;
}

const answer = /^@@built ([01])$/;

export function startPersistentCompiler(system: SystemContext): PersistentCompiler {
  let kept: { readonly key: string; readonly conversation: Conversation } | undefined;
  /** Ends when the process has answered: it takes one question at a time. */
  let previous: Promise<unknown> = Promise.resolve();
  const drop = async (): Promise<void> => {
    const old = kept;
    kept = undefined;
    await old?.conversation.end();
  };
  const ask = async (command: CommandLine, line: string): Promise<readonly string[]> => {
    const key = showCommand(command);
    if (kept?.key !== key) {
      await drop();
      kept = { key, conversation: await converse(command, system) };
    }
    try {
      return await kept.conversation.ask(line, text => answer.test(text));
    } catch (error) {
      await drop();
      throw error;
    }
  };
  const inTurn = async (command: CommandLine, line: string): Promise<readonly string[]> => {
    const asked = previous.then(async () => ask(command, line));
    previous = asked.catch(() => undefined);
    return asked;
  };
  return {
    runner({ server }, projectDir) {
      if (server === undefined) return undefined;
      return async () => {
        const lines = await inTurn({ cwd: projectDir, ...server }, 'build');
        const exitCode = Number(answer.exec(lines.at(-1) ?? '')?.[1] ?? 1);
        for (const line of lines.slice(0, -1)) system.reporter.detail(line);
        return { exitCode, output: lines.slice(0, -1).join('\n') };
      };
    },
    warmUp({ server }, projectDir) {
      // The next build fails for the same reason and reports it.
      if (server !== undefined) inTurn({ cwd: projectDir, ...server }, 'warm up').catch(() => undefined);
    },
    async end() {
      await drop();
      await previous;
      // A process may have been started meanwhile.
      await drop();
    },
  };
}
