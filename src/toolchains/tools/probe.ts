/** Runs the probes of a toolchain: whether a tool is installed, where, and which version. */
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execPath, version as ourVersion } from 'node:process';
import coerce from 'semver/functions/coerce.js';
import gte from 'semver/functions/gte.js';
import { globSync } from 'tinyglobby';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type CommandLine, exec } from '../../io/process/exec.ts';
import { readText } from '../../io/files/files.ts';
import { cacheDir } from '../../io/files/paths.ts';
import { findProgram } from '../../io/process/program.ts';
import type { FileProbe, PackageProbe, Probe, ProbeResult, ProgramProbe } from '../toolchain.ts';

/** A compiler that takes longer to print its version is not usable. */
const probeTimeoutMs = 30_000;

/** Returns all results by id; a tool that is not usable is a `status`, not an error. Programs among `cached` are not started. */
export async function runProbes(
  probes: readonly Probe[],
  projectDir: string,
  system: SystemContext,
  cached: readonly ProbeResult[] = [],
): Promise<Readonly<Record<string, ProbeResult>>> {
  const results = await Promise.all(
    probes.map(async probe =>
      probe.kind === 'program'
        ? (cached.find(({ id }) => id === probe.id) ?? probeProgram(probe, projectDir, system))
        : probe.kind === 'package'
          ? probePackage(probe, projectDir, system)
          : probeFile(probe, projectDir),
    ),
  );
  return Object.fromEntries(results.map(result => [result.id, result]));
}

/** Returns the folder whose node_modules holds the packages `from: 'cache'`. */
export function toolCacheDir(system: Pick<SystemContext, 'env' | 'homeDir' | 'platform'>): string {
  return join(cacheDir(system), 'npm');
}

/** Returns whether the tool that would have to answer the probe is not usable itself, so that there is nothing to report. */
export function isUnanswerable({ of }: Probe, tools: Readonly<Record<string, ProbeResult>>): boolean {
  return of !== undefined && tools[of]?.status !== 'found';
}

async function probeProgram(
  probe: ProgramProbe,
  projectDir: string,
  system: SystemContext,
): Promise<ProbeResult> {
  const { id, title } = probe;
  let best: ProbeResult = { id, title, status: 'missing', problem: `${title} was not found on PATH` };
  const searched = new Set<string>();
  for (const candidate of probe.candidates) {
    searched.add(candidate.program);
    const path = findProgram(candidate.program, system);
    if (path === undefined) continue;
    const result = await tryCandidate(probe, path, candidate, projectDir, system);
    if (result.status === 'found') return { ...result, searched: [...searched] };
    if (rank(result) > rank(best)) best = result;
  }
  return { ...best, searched: [...searched] };
}

/** Ranks unusable candidates: the one that came closest to being usable explains the problem best. */
function rank({ status, path }: ProbeResult): number {
  if (status === 'too-old') return 3;
  return status === 'missing' ? (path === undefined ? 0 : 2) : 1;
}

async function tryCandidate(
  probe: ProgramProbe,
  path: string,
  candidate: CommandLine,
  projectDir: string,
  system: SystemContext,
): Promise<ProbeResult> {
  const { id, title } = probe;
  if (await isOurNode(candidate, path)) {
    const own = {
      id,
      title,
      path,
      status: 'found',
      version: ourVersion.slice(1),
    } as const;
    return judgeVersion(own, probe.minimum);
  }
  const outcome = await exec({ cwd: projectDir, ...candidate, program: path }, system, {
    timeoutMs: probeTimeoutMs,
  }).catch((error: unknown) => {
    if (error instanceof WasmeError && error.code === 'TOOL_MISSING') return error;
    throw error;
  });
  if (outcome instanceof WasmeError) {
    return { id, title, status: 'broken', path, problem: `${path} does not start: ${outcome.message}` };
  }
  const { exitCode, stdout, stderr, timedOut } = outcome;
  if (exitCode !== 0) {
    const explained = probe.explain?.(stderr);
    if (explained !== undefined)
      return { id, title, status: 'broken', path, problem: `${path}: ${explained}` };
    const lines = (stderr.trim() || stdout.trim()).split('\n');
    const shown = lines.find(line => /error/i.test(line)) ?? lines[0] ?? '';
    const why = timedOut
      ? `did not answer within ${probeTimeoutMs / 1000} s`
      : `ended with exit code ${exitCode}`;
    return {
      id,
      title,
      status: 'broken',
      path,
      problem: `${path} ${why}${shown === '' ? '' : `: ${shown}`}`,
    };
  }
  const version = versionIn(`${stdout}\n${stderr}`, probe.version);
  const found: ProbeResult = {
    id,
    title,
    status: 'found',
    path,
    ...(version === undefined ? {} : { version }),
    ...(probe.facts === undefined ? {} : { facts: await probe.facts(stdout) }),
  };
  const { folderHas } = probe;
  if (
    folderHas !== undefined &&
    globSync(folderHas, { cwd: stdout.trim(), expandDirectories: false }).length === 0
  ) {
    return {
      ...found,
      status: 'missing',
      problem: probe.missingText ?? `no ${folderHas} in ${stdout.trim()}`,
    };
  }
  return judgeVersion(found, probe.minimum);
}

/** Returns whether the candidate is the Node that runs wasme, whose version is known without starting it. */
async function isOurNode({ program }: CommandLine, path: string): Promise<boolean> {
  if (program !== 'node') return false;
  const [found, own] = await Promise.all([realpath(path), realpath(execPath)]);
  return found === own;
}

async function probePackage(
  probe: PackageProbe,
  projectDir: string,
  system: SystemContext,
): Promise<ProbeResult> {
  const { id, title } = probe;
  const start = probe.from === 'project' ? projectDir : toolCacheDir(system);
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', probe.package);
    const text = await readText(join(path, 'package.json')).catch(() => undefined);
    if (text !== undefined) {
      const version = versionIn(text, /"version"\s*:\s*"([^"]+)"/);
      return judgeVersion(
        { id, title, status: 'found', path, ...(version === undefined ? {} : { version }) },
        probe.minimum,
      );
    }
    if (probe.from === 'cache' || dirname(folder) === folder) break;
  }
  const problem = `the npm package ${probe.package} is not installed${probe.from === 'project' ? ' in the project' : ''}`;
  return { id, title, status: 'missing', problem };
}

async function probeFile({ id, title, file, facts }: FileProbe, projectDir: string): Promise<ProbeResult> {
  const ignore = ['**/vendor/**', '**/node_modules/**', 'build/**'];
  const files = globSync(file, { cwd: projectDir, ignore, expandDirectories: false });
  const texts = await Promise.all(
    files.map(async name => readText(join(projectDir, name)).catch(() => undefined)),
  );
  const text = texts.filter(one => one !== undefined).join('\n');
  if (files.length === 0) return { id, title, status: 'missing', problem: `there is no ${file}` };
  try {
    return { id, title, status: 'found', facts: facts(text) };
  } catch {
    return { id, title, status: 'broken', problem: `${file} could not be read` };
  }
}

function judgeVersion(found: ProbeResult, minimum: string | undefined): ProbeResult {
  const version = coerce(found.version);
  if (minimum === undefined || version === null || gte(version, minimum)) return found;
  return {
    ...found,
    status: 'too-old',
    problem: `${found.title} ${found.version ?? ''} is too old: ${minimum} or newer is needed`,
  };
}

function versionIn(text: string, pattern = /(\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?)/): string | undefined {
  return pattern.exec(text)?.[1];
}
