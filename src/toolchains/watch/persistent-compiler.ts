/** Keeps a compiler process between builds of --watch; starts another one when the plan changes. */
import type { Edges } from '../../io/edges.ts';
import { type CommandLine, type Conversation, converse, showCommand } from '../../io/exec.ts';
import type { StepRunner } from '../execute.ts';
import type { BuildPlan } from '../toolchain.ts';

export interface PersistentCompiler {
  /** How the plan's steps are run: by the kept process, or undefined when the toolchain has none. */
  runner(plan: BuildPlan, projectDir: string): StepRunner | undefined;
  /** Has the process compile once for nothing: its first compile is the slow one. Comes back at once, and never fails. */
  warmUp(plan: BuildPlan, projectDir: string): void;
  end(): Promise<void>;
}

const answer = /^@@built ([01])$/;

export function startPersistentCompiler(edges: Edges): PersistentCompiler {
  let kept: { readonly key: string; readonly conversation: Conversation } | undefined;
  /** One question at a time. */
  let before: Promise<unknown> = Promise.resolve();
  const drop = async (): Promise<void> => {
    const old = kept;
    kept = undefined;
    await old?.conversation.end();
  };
  const ask = async (command: CommandLine, line: string): Promise<readonly string[]> => {
    const key = showCommand(command);
    if (kept?.key !== key) {
      await drop();
      kept = { key, conversation: await converse(command, edges) };
    }
    try {
      return await kept.conversation.ask(line, text => answer.test(text));
    } catch (error) {
      await drop();
      throw error;
    }
  };
  const inTurn = async (command: CommandLine, line: string): Promise<readonly string[]> => {
    const asked = before.then(async () => ask(command, line));
    before = asked.catch(() => undefined);
    return asked;
  };
  return {
    runner({ warm }, projectDir) {
      if (warm === undefined) return undefined;
      return async () => {
        const lines = await inTurn({ cwd: projectDir, ...warm }, 'build');
        const exitCode = Number(answer.exec(lines.at(-1) ?? '')?.[1] ?? 1);
        for (const line of lines.slice(0, -1)) edges.reporter.detail(line);
        return { exitCode, output: lines.slice(0, -1).join('\n') };
      };
    },
    warmUp({ warm }, projectDir) {
      // Whatever is wrong, the next build meets it too and tells.
      if (warm !== undefined) inTurn({ cwd: projectDir, ...warm }, 'warm up').catch(() => undefined);
    },
    async end() {
      await drop();
      await before;
      // One that was being started meanwhile.
      await drop();
    },
  };
}
