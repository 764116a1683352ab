/** `wasme doctor`: reports which tools of each language are installed, and how to install the others. */
import { resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import type { Language } from './project/names.ts';
import { toolchains, topNames } from './toolchains/index.ts';
import { findConflicts } from './toolchains/tools/find-tools.ts';
import { isUnanswerable, runProbes } from './toolchains/tools/probe.ts';
import { type Fix, fixFor, runFixes } from './toolchains/tools/provision.ts';
import type { Probe, ProbeResult, ProbeStatus, Toolchain, Variant } from './toolchains/toolchain.ts';

export interface DoctorOptions {
  /** Only this language. */
  readonly language?: Language | undefined;
  /** Folder whose npm packages are probed too, relative to cwd; default: cwd. */
  readonly dir?: string | undefined;
}

export interface ToolReport {
  readonly title: string;
  /** `with-project`: a package that each project installs, and the folder is not a project. */
  readonly status: ProbeStatus | 'with-project';
  readonly optional: boolean;
  readonly version?: string;
  readonly path?: string;
  readonly problem?: string;
  /** Tells the user how to install it on this system. */
  readonly fix?: string;
}

export interface VariantReport {
  readonly variant: Variant;
  readonly usable: boolean;
  readonly tools: readonly ToolReport[];
  /** Installed versions that do not work together. */
  readonly conflicts: readonly { readonly problem: string; readonly hint: string }[];
}

export interface LanguageReport {
  readonly language: Language;
  readonly title: string;
  /** At least one variant has all tools that it needs. */
  readonly usable: boolean;
  readonly variants: readonly VariantReport[];
}

export interface DoctorResult {
  readonly platform: string;
  readonly common: readonly ToolReport[];
  readonly languages: readonly LanguageReport[];
  /** Commands that make more languages usable and need no root, each once. */
  readonly fixes: readonly string[];
}

const common: readonly Probe[] = [
  {
    kind: 'program',
    id: 'node',
    title: 'Node',
    minimum: '20.19.0',
    candidates: [{ program: 'node', args: ['--version'] }],
    fixes: [
      { has: 'brew', command: { program: 'brew', args: ['install', 'node'] } },
      { text: 'install Node 20.19 or newer: https://nodejs.org' },
    ],
  },
  {
    kind: 'program',
    id: 'npm',
    title: 'npm',
    candidates: [{ program: 'npm', args: ['--version'] }],
    fixes: [{ text: 'npm comes with Node: https://nodejs.org' }],
  },
];

/** Probes for all tools; changes nothing. Fails with FILE_NOT_FOUND or FILE_ACCESS if `dir` cannot be read. */
export async function doctor(options: DoctorOptions, system: SystemContext): Promise<DoctorResult> {
  return (await examine(options, system)).result;
}

/** Runs the commands of `doctor(…).fixes` one after the other, then probes again. Fails with TOOL_FAILED, NETWORK. */
export async function fixTools(options: DoctorOptions, system: SystemContext): Promise<DoctorResult> {
  const { fixes } = await examine(options, system);
  await runFixes(fixes, system);
  return doctor(options, system);
}

async function examine(
  { language, dir = '.' }: DoctorOptions,
  system: SystemContext,
): Promise<{ result: DoctorResult; fixes: readonly Fix[] }> {
  const projectDir = resolve(system.cwd, dir);
  const asked = language === undefined ? Object.values(toolchains) : [toolchains[language]];
  const names = await topNames(projectDir);
  const [shared, ...examined] = await Promise.all([
    examineProbes(common, true, projectDir, system),
    ...asked.map(toolchain => examineLanguage(toolchain, names.includes('package.json'), projectDir, system)),
  ]);
  const fixes = new Map(examined.flatMap(item => item.fixes).map(fix => [fix.text, fix]));
  return {
    fixes: [...fixes.values()],
    result: {
      platform: system.platform,
      common: shared.tools,
      languages: examined.map(item => item.report),
      fixes: [...fixes.keys()],
    },
  };
}

async function examineLanguage(
  toolchain: Toolchain,
  hasPackages: boolean,
  projectDir: string,
  system: SystemContext,
): Promise<{ report: LanguageReport; fixes: readonly Fix[] }> {
  const variants = await Promise.all(
    toolchain.variants.map(async variant => {
      const { tools, results, missing } = await examineProbes(
        toolchain.probes(variant),
        hasPackages,
        projectDir,
        system,
      );
      const conflicts = findConflicts(toolchain, results).map(({ problem, hint }) => ({ problem, hint }));
      const usable = missing.length === 0 && conflicts.length === 0;
      return { report: { variant, usable, tools, conflicts }, missing };
    }),
  );
  const usable = variants.some(({ report }) => report.usable);
  const { language, title } = toolchain;
  // An unusable language is fixed by completing the first variant that commands alone can complete.
  const fixable = variants.find(
    ({ missing }) => missing.length > 0 && missing.every(fix => fix.commands !== undefined),
  );
  return {
    report: { language, title, usable, variants: variants.map(({ report }) => report) },
    fixes: usable ? [] : (fixable?.missing ?? []),
  };
}

async function examineProbes(
  probes: readonly Probe[],
  hasPackages: boolean,
  projectDir: string,
  system: SystemContext,
): Promise<{
  tools: readonly ToolReport[];
  results: Readonly<Record<string, ProbeResult>>;
  missing: readonly Fix[];
}> {
  const results = await runProbes(probes, projectDir, system);
  const missing: Fix[] = [];
  const tools = probes.flatMap((probe): ToolReport | readonly ToolReport[] => {
    const result = results[probe.id];
    if (result === undefined) throw new WasmeError('INTERNAL', `no result for the probe ${probe.id}`);
    if (probe.ofProject && (result.status !== 'found' || result.version === undefined)) return [];
    if (isUnanswerable(probe, results)) return [];
    const optional = probe.optional ?? false;
    const { title, status, version, path, problem } = result;
    const later =
      status === 'missing' && probe.kind === 'package' && probe.from === 'project' && !hasPackages;
    if (later) return { title, status: 'with-project', optional };
    const fix = status === 'found' ? undefined : fixFor(probe, projectDir, system);
    if (fix !== undefined && !optional) missing.push(fix);
    return {
      title,
      status,
      optional,
      ...(version === undefined ? {} : { version }),
      ...(path === undefined ? {} : { path }),
      ...(problem === undefined ? {} : { problem }),
      ...(fix === undefined ? {} : { fix: fix.text }),
    };
  });
  return { tools, results, missing };
}
