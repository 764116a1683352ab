/** Runs the steps of a plan and turns a compiler's failure into an error with file, line, column and what to do. */
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { type CommandLine, exec } from '../io/process/exec.ts';
import { makeFolder } from '../io/files/files.ts';
import { readSourceLines, showDiagnostics } from './diagnostics.ts';
import { type InputHashes, hashInputs } from './inputs.ts';
import type { BuildJob } from './job.ts';
import type { PlannedBuild } from './plan.ts';
import type { LastBuild } from './record.ts';
import type { BuildPlan, Diagnostic } from './toolchain.ts';

/** Number of last lines of a tool's output that are shown if no message in it is recognised. */
const tailLines = 25;

export interface ExecuteOptions {
  readonly last?: LastBuild | undefined;
  /** Runs the steps in place of `exec`: --watch keeps a compiler process. */
  readonly compiler?: { runner(plan: BuildPlan, projectDir: string): StepRunner | undefined } | undefined;
}

export type StepRunner = (step: CommandLine) => Promise<StepResult>;

interface StepResult {
  readonly exitCode: number;
  /** Both streams, without colours. */
  readonly output: string;
}

export interface Execution {
  /** Hashes of the sources, taken before the compiler read them. */
  readonly inputs: InputHashes;
  /** Warnings of the compiler. */
  readonly warnings: readonly Diagnostic[];
}

export interface CompiledJob extends PlannedBuild, Execution {}

/** Leaves a module at `plan.module`. Fails with BUILD_FAILED, or with the code that the toolchain's `explain` gives. */
export async function executePlan(
  job: BuildJob,
  plan: BuildPlan,
  system: SystemContext,
  { last, compiler }: ExecuteOptions,
): Promise<Execution> {
  const hashed = last !== undefined && JSON.stringify(last.record.inputs) === JSON.stringify(plan.inputs);
  const inputs = hashed ? last.hashes : await hashInputs(job.dir, plan.inputs);
  await makeFolder(dirname(plan.module));
  // The module of an earlier run must not be taken for the one of this run. A custom command writes in place.
  if (plan.module !== job.output) await rm(plan.module, { force: true, recursive: true });
  const run = compiler?.runner(plan, job.dir) ?? (async step => runStep(step, job.dir, system));
  const warnings: Diagnostic[] = [];
  try {
    for (const steps of groupSteps(plan)) {
      // A failure is reported when all steps of the group have ended: none is left running.
      const ended = await Promise.allSettled(steps.map(async step => ({ step, ...(await run(step)) })));
      for (const one of ended) {
        if (one.status === 'rejected') throw one.reason as Error;
        const { step, exitCode, output } = one.value;
        if (exitCode !== 0) throw buildFailure(job, step, { exitCode, output });
        const diagnostics = job.toolchain.parseDiagnostics(output);
        warnings.push(...diagnostics.filter(({ severity }) => severity === 'warning'));
      }
    }
  } finally {
    // A signal of its own: these run after Ctrl-C too.
    const uninterrupted = { ...system, signal: new AbortController().signal };
    for (const step of plan.cleanup ?? []) await exec(step, uninterrupted).catch(() => undefined);
  }
  return { inputs, warnings };
}

/** Returns the steps in groups that run at the same time: independent steps one per processor, others alone. */
function groupSteps({ steps, independent = 0 }: BuildPlan): readonly (readonly CommandLine[])[] {
  const width = availableParallelism();
  const groups: CommandLine[][] = [];
  for (let start = 0; start < steps.length; ) {
    const end = start < independent ? Math.min(start + width, independent) : start + 1;
    groups.push(steps.slice(start, end));
    start = end;
  }
  return groups;
}

async function runStep(step: CommandLine, projectDir: string, system: SystemContext): Promise<StepResult> {
  const result = await exec({ cwd: projectDir, ...step }, system, {
    endsTree: true,
    onLine: line => system.reporter.detail(line),
  });
  return { exitCode: result.exitCode, output: `${result.stdout}\n${result.stderr}` };
}

/** Converts a failed step to an error. Reads the source lines that the error shows. */
function buildFailure(
  { toolchain, dir }: BuildJob,
  step: CommandLine,
  { exitCode, output }: StepResult,
): WasmeError {
  const errors = toolchain.parseDiagnostics(output).filter(({ severity }) => severity === 'error');
  const explanation = toolchain.explain(output);
  const details = { exitCode, diagnostics: errors };
  if (explanation !== undefined) {
    const { code = 'BUILD_FAILED', message, hint } = explanation;
    return new WasmeError(code, message, { hint, details });
  }
  if (errors.length > 0) {
    const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
    return new WasmeError(
      'BUILD_FAILED',
      `${toolchain.title}: ${count}\n${showDiagnostics(errors, dir, readSourceLines())}`,
      { hint: 'fix the source and build again; -v shows the whole output of the compiler', details },
    );
  }
  const tail = output.trim().split('\n').slice(-tailLines).join('\n');
  const killed = exitCode >= 128;
  const how = killed ? 'was killed' : `failed with exit code ${exitCode}`;
  return new WasmeError(
    'BUILD_FAILED',
    `${step.program} ${how}${tail === '' ? ' and printed nothing' : `:\n${tail}`}`,
    {
      hint: killed
        ? 'the usual reason is too little memory: close other programs or raise the limit, and build again'
        : 'run "wasme build -v" to see the whole output and the exact command',
      details,
    },
  );
}
