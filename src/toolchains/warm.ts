/** Keeps a compiler process between builds of --watch; starts another one when the plan changes. */
import type { Edges } from '../io/edges.ts';
import { type Conversation, converse, showCommand } from '../io/exec.ts';
import type { StepRunner } from './execute.ts';
import type { BuildPlan } from './toolchain.ts';

export interface WarmCompiler {
  /** How the plan's steps are run: by the kept process, or undefined when the toolchain has none. */
  runner(plan: BuildPlan, projectDir: string): StepRunner | undefined;
  end(): Promise<void>;
}

const answer = /^@@built ([01])$/;

export function warmCompiler(edges: Edges): WarmCompiler {
  let kept: { key: string; conversation: Conversation } | undefined;
  const drop = async (): Promise<void> => {
    const old = kept;
    kept = undefined;
    await old?.conversation.end();
  };
  return {
    runner({ warm }, projectDir) {
      if (warm === undefined) return undefined;
      const command = { cwd: projectDir, ...warm };
      const key = showCommand(command);
      return async () => {
        if (kept?.key !== key) {
          await drop();
          kept = { key, conversation: await converse(command, edges) };
        }
        try {
          const lines = await kept.conversation.ask('build', line => answer.test(line));
          const exitCode = Number(answer.exec(lines.at(-1) ?? '')?.[1] ?? 1);
          for (const line of lines.slice(0, -1)) edges.reporter.detail(line);
          return { exitCode, output: lines.slice(0, -1).join('\n') };
        } catch (error) {
          await drop();
          throw error;
        }
      };
    },
    end: drop,
  };
}
