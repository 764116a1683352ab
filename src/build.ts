/** `wasme build`: builds a project with its toolchain and checks the module. */
import { basename, resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { readBytes, writeAtomic } from './io/files/files.ts';
import { maxDocumentBytes } from './oci/limits.ts';
import type { LoadedProject } from './project/load.ts';
import type { Language } from './project/names.ts';
import { buildJob } from './toolchains/build-job.ts';
import { checkModule } from './toolchains/check.ts';
import { type BuildOptions, openJob } from './toolchains/job.ts';
import { type BuildResult, moduleFacts } from './toolchains/result.ts';
import type { Variant } from './toolchains/toolchain.ts';

export type { BuildOptions } from './toolchains/job.ts';
export type { BuildResult } from './toolchains/result.ts';

/** Describes what a build would run, for --dry-run. */
export interface BuildPlanResult {
  readonly language: Language;
  readonly toolchain: Variant;
  readonly commands: readonly string[];
  readonly module: string;
  readonly inputs: readonly string[];
}

/**
 * Builds, checks and replaces the module atomically; the module of the last build stays in place if anything fails.
 * Fails with LANGUAGE_UNKNOWN, PROJECT_INVALID, TOOL_MISSING, TOOL_OUTDATED, BUILD_FAILED, BUILD_TOO_LARGE, BUILD_BUSY,
 * WASM_INVALID, WASM_ABI, FILE_ACCESS, INTERRUPTED.
 */
export async function build(options: BuildOptions, system: SystemContext): Promise<BuildResult> {
  const job = await openJob(options, system);
  return withImage(await buildJob(job, system), job.loaded, options, system);
}

/**
 * Builds at once and after each change of an input, until the system's signal aborts. Keeps the compiler running if the
 * toolchain can. A failure of a build is passed to `onResult` and does not end the watch.
 */
export async function watchBuild(
  options: BuildOptions,
  system: SystemContext,
  onResult: (outcome: BuildResult | WasmeError) => void,
): Promise<void> {
  const { watchJob } = await import('./toolchains/watch/watch.ts');
  await watchJob(
    options,
    system,
    async (result, job) => onResult(await withImage(result, job.loaded, options, system)),
    onResult,
  );
}

export type PrecompiledOptions = Pick<BuildOptions, 'output' | 'hosts' | 'tag' | 'config'>;

/**
 * Checks a module that was built elsewhere like one that was built here; copies it and puts it into the store if asked to.
 * Fails with FILE_NOT_FOUND, WASM_INVALID, WASM_ABI.
 */
export async function buildPrecompiled(
  file: string,
  options: PrecompiledOptions,
  system: SystemContext,
): Promise<BuildResult> {
  const startedAt = system.now();
  const source = resolve(system.cwd, file);
  const bytes = await readBytes(source);
  const info = checkModule(bytes, { hosts: options.hosts });
  const module = options.output === undefined ? source : resolve(system.cwd, options.output);
  if (module !== source) await writeAtomic(module, bytes);
  const result: BuildResult = {
    ...moduleFacts(bytes, info),
    name: basename(source, '.wasm'),
    language: 'precompiled',
    module,
    profile: 'release',
    toolchain: 'native',
    beside: [],
    tools: [],
    upToDate: true,
    durationMs: system.now() - startedAt,
  };
  return withImage(result, undefined, options, system);
}

/** Adds the image that `-t` asks for. */
async function withImage(
  result: BuildResult,
  project: LoadedProject | undefined,
  { tag, config }: PrecompiledOptions,
  system: SystemContext,
): Promise<BuildResult> {
  if (tag === undefined) return result;
  // Imported here, so that a build without a tag does not load what images need.
  const { parseRuntimeConfig } = await import('./oci/packaging/runtime-config.ts');
  const { storeModule } = await import('./oci/store/store-image.ts');
  let runtimeConfig;
  if (config !== undefined) {
    const file = resolve(system.cwd, config);
    runtimeConfig = parseRuntimeConfig(await readBytes(file, maxDocumentBytes));
    if (runtimeConfig === undefined) {
      throw new WasmeError('PROJECT_INVALID', `${file} is not a runtime-config.json`, {
        hint: 'it looks like { "type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": { "rootIds": ["my-filter"] } }',
      });
    }
  }
  const image = await storeModule(await readBytes(result.module), tag, project, { runtimeConfig }, system);
  return { ...result, image };
}

/** Returns the plan of `build` without running it. Probes run; nothing is written. */
export async function planBuild(options: BuildOptions, system: SystemContext): Promise<BuildPlanResult> {
  const job = await openJob(options, system);
  const { showCommand } = await import('./io/process/exec.ts');
  const { planJob } = await import('./toolchains/plan.ts');
  const { plan, variant } = await planJob(job, system);
  return {
    language: job.toolchain.language,
    toolchain: variant,
    commands: plan.steps.map(step => showCommand({ cwd: job.dir, ...step })),
    module: job.output,
    inputs: plan.inputs,
  };
}
