/** Chooses the variant that a language is built with on this machine: the first whose tools are all found. */
import coerce from 'semver/functions/coerce.js';
import satisfies from 'semver/functions/satisfies.js';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import type { Probe, ProbeResult, Toolchain, Variant, VersionConflict } from '../toolchain.ts';
import { isUnanswerable, runProbes } from './probe.ts';
import { type Fix, fixFor, runFixes } from './provision.ts';

export interface FoundTools {
  readonly variant: Variant;
  /** By the id of the probe. */
  readonly tools: Readonly<Record<string, ProbeResult>>;
}

/** Answers of programs at an earlier build, which are used instead of asking again. */
export interface CachedAnswers {
  readonly variant: Variant;
  readonly answers: readonly ProbeResult[];
}

export interface FindOptions {
  readonly variant: Variant | 'auto';
  /** Installs what is missing first, if none of it needs root. */
  readonly install: boolean;
  /** wasm-opt is wanted. */
  readonly optimize: boolean;
}

interface MissingTool {
  readonly probe: Probe;
  readonly result: ProbeResult;
  readonly fix: Fix;
}

/**
 * Probes the variants in order, or only the cached one. Fails with TOOL_MISSING or TOOL_OUTDATED and the commands to type;
 * USAGE for a variant that the language does not have.
 */
export async function findTools(
  toolchain: Toolchain,
  { variant: wanted, install, optimize }: FindOptions,
  projectDir: string,
  system: SystemContext,
  cached?: CachedAnswers,
): Promise<FoundTools> {
  if (wanted === 'container') {
    // The tools are in the image; only files of the project are read.
    return { variant: wanted, tools: await runProbes(toolchain.probes(wanted), projectDir, system) };
  }
  const only = cached?.variant ?? wanted;
  const variants = toolchain.variants.filter(variant => only === 'auto' || only === variant);
  if (variants.length === 0) {
    throw new WasmeError('USAGE', `${toolchain.title} has no toolchain "${wanted}"`, {
      hint: `use --toolchain ${[...toolchain.variants, 'container'].join(' or ')}`,
    });
  }
  let missingOfFirst: readonly MissingTool[] = [];
  for (const variant of variants) {
    const probes = toolchain.probes(variant).filter(probe => optimize || !probe.onlyToOptimize);
    let tools = await runProbes(probes, projectDir, system, cached?.answers);
    let missing = missingTools(probes, tools, projectDir, system);
    if (install && missing.length > 0 && isInstallable(missing)) {
      await runFixes(
        missing.map(({ fix }) => fix),
        system,
      );
      tools = await runProbes(probes, projectDir, system);
      missing = missingTools(probes, tools, projectDir, system);
    }
    if (missing.length === 0) {
      refuseConflicts(toolchain, tools);
      return { variant, tools };
    }
    if (missingOfFirst.length === 0) missingOfFirst = missing;
  }
  throw missingError(toolchain, missingOfFirst);
}

/** Returns the required tools that are not usable, and how to install each. */
function missingTools(
  probes: readonly Probe[],
  tools: FoundTools['tools'],
  projectDir: string,
  system: SystemContext,
): readonly MissingTool[] {
  return probes.flatMap((probe): MissingTool[] => {
    const result = tools[probe.id];
    if (result === undefined || result.status === 'found' || probe.optional) return [];
    if (isUnanswerable(probe, tools)) return [];
    return [{ probe, result, fix: fixFor(probe, projectDir, system) }];
  });
}

function isInstallable(missing: readonly MissingTool[]): boolean {
  return missing.every(({ fix }) => fix.commands !== undefined);
}

/** Returns the conflicts of which every tool was found in the given range; a tool of unknown version is in no range. */
export function findConflicts(
  { conflicts }: Toolchain,
  tools: FoundTools['tools'],
): readonly VersionConflict[] {
  return conflicts.filter(conflict =>
    conflict.tools.every(({ id, range }) => {
      const tool = tools[id];
      const version = coerce(tool?.version);
      return tool?.status === 'found' && version !== null && satisfies(version, range);
    }),
  );
}

function refuseConflicts(toolchain: Toolchain, tools: FoundTools['tools']): void {
  const [conflict] = findConflicts(toolchain, tools);
  if (conflict === undefined) return;
  const names = conflict.tools
    .map(({ id }) => `${tools[id]?.title ?? id} ${tools[id]?.version ?? ''}`.trim())
    .join(' with ');
  throw new WasmeError('TOOL_OUTDATED', `${names}: ${conflict.problem}`, { hint: conflict.hint });
}

function missingError({ title, language }: Toolchain, missing: readonly MissingTool[]): WasmeError {
  const outdated = missing.every(({ result }) => result.status === 'too-old');
  const problems = missing.map(({ result }) => result.problem ?? `${result.title} is missing`);
  const fixes = [...new Set(missing.map(({ fix }) => fix.text))];
  const installable = isInstallable(missing);
  return new WasmeError(
    outdated ? 'TOOL_OUTDATED' : 'TOOL_MISSING',
    `cannot build ${title}: ${problems.join('; ')}`,
    {
      hint: `${fixes.join('; then ')}${installable ? ' (or: wasme build --install)' : ''}`,
      details: { language, missing: missing.map(({ result }) => result.title), fixes, installable },
    },
  );
}
