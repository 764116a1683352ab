/** Chooses how a language is built on this machine: the first variant whose tools are all there, or what is missing. */
import coerce from 'semver/functions/coerce.js';
import satisfies from 'semver/functions/satisfies.js';
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import { exec } from '../io/exec.ts';
import { findProgram } from '../io/program.ts';
import { runProbes } from './tools/probe.ts';
import { type InstallStep, fixFor } from './tools/provision.ts';
import type { KnownBad, Probe, ProbeResult, Toolchain, Variant } from './toolchain.ts';

export interface Prepared {
  readonly variant: Variant;
  readonly tools: Readonly<Record<string, ProbeResult>>;
}

/** What programs answered at an earlier build, and are taken to answer still. */
export interface CachedProbes {
  readonly variant: Variant;
  readonly answers: readonly ProbeResult[];
}

/** A needed tool that is not usable, and what to do. */
export interface MissingTool {
  readonly probe: Probe;
  readonly result: ProbeResult;
  readonly fix: InstallStep;
}

/**
 * Probes the variants that `wish` allows, or only the known one. With `install`, what can be got without root is got first.
 * Fails with TOOL_MISSING or TOOL_OUTDATED and the commands to type; USAGE for a variant the language does not have.
 */
export async function prepare(
  toolchain: Toolchain,
  wish: Variant | 'auto',
  { install, optimize }: { readonly install: boolean; readonly optimize: boolean },
  projectDir: string,
  edges: Edges,
  known?: CachedProbes,
): Promise<Prepared> {
  if (wish === 'container') return { variant: 'container', tools: {} };
  const wanted = known?.variant ?? wish;
  const variants = toolchain.variants.filter(variant => wanted === 'auto' || wanted === variant);
  if (variants.length === 0) {
    throw new WasmeError('USAGE', `${toolchain.title} has no toolchain "${wish}"`, {
      hint: `use --toolchain ${[...toolchain.variants, 'container'].join(' or ')}`,
    });
  }
  let first: readonly MissingTool[] = [];
  for (const variant of variants) {
    const probes = toolchain.probes(variant).filter(probe => optimize || !probe.onlyToOptimize);
    let { tools, lacks } = await look(probes, projectDir, edges, known?.answers);
    if (lacks.length > 0 && install && lacks.every(({ fix }) => fix.commands !== undefined)) {
      await runFixes(
        lacks.map(({ fix }) => fix),
        edges,
      );
      ({ tools, lacks } = await look(probes, projectDir, edges));
    }
    if (lacks.length === 0) {
      refuseKnownBad(toolchain, tools);
      return { variant, tools };
    }
    if (first.length === 0) first = lacks;
  }
  throw lackError(toolchain, first);
}

/** Results of all probes, and which needed tools are not usable. */
async function look(
  probes: readonly Probe[],
  projectDir: string,
  edges: Edges,
  answers?: readonly ProbeResult[],
): Promise<{ tools: Readonly<Record<string, ProbeResult>>; lacks: readonly MissingTool[] }> {
  const tools = await runProbes(probes, projectDir, edges, answers);
  const lacks = probes.flatMap((probe): MissingTool[] => {
    const result = tools[probe.id];
    if (result === undefined || result.status === 'found' || probe.optional) return [];
    if (isOfMissing(probe, tools)) return [];
    return [{ probe, result, fix: fixFor(probe, projectDir, edges) }];
  });
  return { tools, lacks };
}

/** Whether it is asked of a tool that is not usable itself, which is all that there is to say then. */
export function isOfMissing({ of }: Probe, tools: Readonly<Record<string, ProbeResult>>): boolean {
  return of !== undefined && tools[of]?.status !== 'found';
}

/** Pairs of the tools found that are known not to go together. */
export function findKnownBad(
  { knownBad }: Toolchain,
  tools: Readonly<Record<string, ProbeResult>>,
): readonly KnownBad[] {
  return knownBad.filter(pair =>
    pair.tools.every(({ id, range }) => {
      const tool = tools[id];
      const version = coerce(tool?.version);
      return tool?.status === 'found' && version !== null && satisfies(version, range);
    }),
  );
}

/** docker or podman, absolute; WASME_USE_PODMAN prefers podman as the old wasme did. Fails with TOOL_MISSING. */
export function containerEngine(edges: Edges): string {
  const names = edges.env['WASME_USE_PODMAN'] ? ['podman', 'docker'] : ['docker', 'podman'];
  for (const name of names) {
    const path = findProgram(name, edges);
    if (path !== undefined) return path;
  }
  throw new WasmeError('TOOL_MISSING', 'neither docker nor podman is on PATH', {
    hint: 'install one of them, or leave --toolchain container out to build with local tools',
  });
}

/** How npm, rustup, brew and Go say that they reached nobody. */
const noNetwork =
  /\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b|could not download file|Could(?:n't| not) resolve host|dial tcp|no such host/i;

/** Runs the commands of fixes, each once; those without a command are left out. Fails with TOOL_FAILED, NETWORK. */
export async function runFixes(fixes: readonly InstallStep[], edges: Edges): Promise<void> {
  const each = new Map(fixes.map(({ text, commands }) => [text, commands]));
  for (const [text, commands] of each) {
    if (commands === undefined) continue;
    const task = edges.reporter.task(text);
    for (const command of commands) {
      const { exitCode, stderr, stdout } = await exec(command, edges, {
        onLine: line => edges.reporter.detail(line),
      });
      if (exitCode === 0) continue;
      task.fail();
      const output = (stderr.trim() || stdout.trim()).slice(-2_000);
      const offline = noNetwork.test(output);
      throw new WasmeError(
        offline ? 'NETWORK' : 'TOOL_FAILED',
        `${text} failed with exit code ${exitCode}:\n${output}`,
        {
          hint: offline
            ? 'run the command again with access to the network, or set a proxy (HTTPS_PROXY)'
            : 'fix that, or get the tool by hand, and run the command again',
        },
      );
    }
    task.done();
  }
}

function refuseKnownBad(toolchain: Toolchain, tools: Readonly<Record<string, ProbeResult>>): void {
  const [bad] = findKnownBad(toolchain, tools);
  if (bad === undefined) return;
  const pair = bad.tools
    .map(({ id }) => `${tools[id]?.title ?? id} ${tools[id]?.version ?? ''}`.trim())
    .join(' with ');
  throw new WasmeError('TOOL_OUTDATED', `${pair}: ${bad.problem}`, { hint: bad.hint });
}

function lackError(toolchain: Toolchain, lacks: readonly MissingTool[]): WasmeError {
  const outdated = lacks.every(({ result }) => result.status === 'too-old');
  const problems = lacks.map(({ result }) => result.problem ?? `${result.title} is missing`);
  const fixes = [...new Set(lacks.map(({ fix }) => fix.text))];
  return new WasmeError(
    outdated ? 'TOOL_OUTDATED' : 'TOOL_MISSING',
    `cannot build ${toolchain.title}: ${problems.join('; ')}`,
    {
      hint: `${fixes.join('; then ')}${lacks.every(({ fix }) => fix.commands) ? ' (or: wasme build --install)' : ''}`,
      details: {
        language: toolchain.language,
        missing: lacks.map(({ result }) => result.title),
        fixes,
        installable: lacks.every(({ fix }) => fix.commands !== undefined),
      },
    },
  );
}
