/** Runs the steps of a plan and tells a compiler's failure as file, line, column and what to do. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import { type CommandLine, exec } from '../io/exec.ts';
import { showDiagnostics } from './diagnostics.ts';
import type { BuildPlan, Diagnostic, Toolchain } from './toolchain.ts';

/** Lines of a tool's output that are shown when nothing in it is recognised. */
const tailLines = 25;

/** How one step is run; --watch has another way than starting a program. */
export type StepRunner = (step: CommandLine) => Promise<{ exitCode: number; output: string }>;

/** Gives the warnings of the compiler. Fails with BUILD_FAILED, or the code that the toolchain's `explain` gives. */
export async function executePlan(
  plan: BuildPlan,
  toolchain: Toolchain,
  projectDir: string,
  edges: Edges,
  run: StepRunner = step => runStep(step, projectDir, edges),
): Promise<readonly Diagnostic[]> {
  const warnings: Diagnostic[] = [];
  try {
    for (const steps of rounds(plan)) {
      // All of them have ended before one is judged: nothing runs on behind a failure.
      const ended = await Promise.allSettled(steps.map(async step => ({ step, ...(await run(step)) })));
      for (const one of ended) {
        if (one.status === 'rejected') throw one.reason as Error;
        const { step, exitCode, output } = one.value;
        if (exitCode !== 0) throw buildFailure(toolchain, step, exitCode, output, projectDir);
        warnings.push(...toolchain.parseDiagnostics(output).filter(({ severity }) => severity === 'warning'));
      }
    }
  } finally {
    // A fresh signal: these have to run after Ctrl-C too.
    const calm = { ...edges, signal: new AbortController().signal };
    for (const step of plan.cleanup ?? []) await exec(step, calm).catch(() => undefined);
  }
  return warnings;
}

/** What runs at the same time: of steps that do not need each other as many as there are processors, else one. */
function rounds({ steps, independent = 0 }: BuildPlan): readonly (readonly CommandLine[])[] {
  const width = availableParallelism();
  const groups: CommandLine[][] = [];
  for (let start = 0; start < steps.length; ) {
    const end = start < independent ? Math.min(start + width, independent) : start + 1;
    groups.push(steps.slice(start, end));
    start = end;
  }
  return groups;
}

/** A failed step as an error. Pure apart from reading the source lines it shows. */
export function buildFailure(
  toolchain: Toolchain,
  step: CommandLine,
  exitCode: number,
  output: string,
  projectDir: string,
): WasmeError {
  const diagnostics = toolchain.parseDiagnostics(output);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const advice = toolchain.explain(output);
  const details = { exitCode, diagnostics: errors };
  if (advice !== undefined) {
    return new WasmeError(advice.code ?? 'BUILD_FAILED', advice.message, { hint: advice.hint, details });
  }
  if (errors.length > 0) {
    const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
    return new WasmeError(
      'BUILD_FAILED',
      `${toolchain.title}: ${count}\n${showDiagnostics(errors, projectDir, lineReader())}`,
      {
        hint: 'fix the source and build again; -v shows all that the compiler says',
        details,
      },
    );
  }
  const tail = output.trim().split('\n').slice(-tailLines).join('\n');
  const how = exitCode >= 128 ? 'was killed' : `failed with exit code ${exitCode}`;
  return new WasmeError(
    'BUILD_FAILED',
    `${step.program} ${how}${tail === '' ? ' and said nothing' : `:\n${tail}`}`,
    {
      hint:
        exitCode >= 128
          ? 'often too little memory: close other programs or raise the limit, and build again'
          : 'run "wasme build -v" for the whole output and the exact command',
      details,
    },
  );
}

async function runStep(
  step: CommandLine,
  projectDir: string,
  edges: Edges,
): Promise<{ exitCode: number; output: string }> {
  const result = await exec({ cwd: projectDir, ...step }, edges, {
    endsTree: true,
    onLine: line => edges.reporter.detail(line),
  });
  return { exitCode: result.exitCode, output: `${result.stdout}\n${result.stderr}` };
}

/** Lines of source files, each file read once. */
export function lineReader(): (file: string, line: number) => string | undefined {
  const files = new Map<string, readonly string[]>();
  return (file, line) => {
    let lines = files.get(file);
    if (lines === undefined) {
      lines = existsSync(file) ? readFileSync(file, 'utf8').split(/\r?\n/) : [];
      files.set(file, lines);
    }
    return lines[line - 1];
  };
}
