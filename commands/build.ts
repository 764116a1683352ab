/** `wasme build [language] [dir]`: flags and printing; the job is in src/build.ts. */
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { BuildOptions, BuildPlanResult, BuildResult } from '../src/build.ts';
import { WasmeError } from '../src/errors.ts';
import type { Edges } from '../src/io/edges.ts';
import { type Language, languages } from '../src/project/names.ts';
import { type Context, edgesOf } from './ui/context.ts';
import { showFailure } from './ui/failure.ts';
import { type GlobalOptions, collect, globalOptions } from './ui/options.ts';
import { mayPrompt, promptsFor } from './ui/prompts.ts';
import { formatBytes, reporterFor } from './ui/reporter.ts';
import { writeResult } from './ui/result.ts';

interface Flags {
  readonly profile?: 'release' | 'debug';
  readonly toolchain?: 'auto' | 'native' | 'npm' | 'container';
  readonly output?: string;
  readonly tag?: string;
  readonly config?: string;
  readonly host?: string[];
  readonly image?: string;
  readonly tmpDir?: string;
  readonly store?: string;
  readonly force?: true;
  readonly install?: true;
  readonly dryRun?: true;
  readonly watch?: true;
}

export function declare(command: Command, context: Context): void {
  command
    .usage('[language] [dir] [flags]')
    .argument(
      '[dir]',
      'folder of the project; a language, or "precompiled" and a module, may stand here as well',
    )
    .argument('[dir-or-file]')
    .addOption(
      new Option('--profile <profile>', 'what is built (default: release)').choices(['release', 'debug']),
    )
    .addOption(
      new Option('--toolchain <which>', 'where the compiler comes from').choices([
        'auto',
        'native',
        'npm',
        'container',
      ]),
    )
    .option('-o, --output <file>', 'where the module goes (default: build/<name>.wasm)')
    .option('-t, --tag <image>', 'also put it into the local store under this name')
    .option('--host <host@version>', 'host that has to load it, e.g. istio@1.30 (repeatable)', collect)
    .option('-c, --config <file>', 'runtime-config.json (ABI, root ids) of the image; with --tag')
    .option('-f, --force', 'build although nothing has changed')
    .option('--install', 'get missing packages and tools first, where that needs no root')
    .option('-w, --watch', 'build again whenever a source changes')
    .option('--dry-run', 'show what would be run')
    .addOption(new Option('-i, --image <image>').hideHelp())
    .addOption(new Option('--tmp-dir <dir>').hideHelp())
    .addOption(new Option('--store <dir>').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  wasme build                          the project in this folder
  wasme build ./my-filter --profile debug
  wasme build rust ./filters/auth      a Cargo project without wasme.json
  wasme build --watch                  build again on each save
  wasme build -t registry.example/me/my-filter:v1
  wasme build precompiled filter.wasm  only check a module that is built already
  wasme build --dry-run                the commands, without running them`,
    )
    .action(async (first: string | undefined, second: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const edges = edgesOf(context, reporterFor(context, options));
      const show = (result: BuildResult): void =>
        writeResult(context, options.json, result, value => resultText(value, context.cwd));
      for (const note of oldFlags(flags)) edges.reporter.info(note);
      const { build, buildPrecompiled, planBuild, watchBuild } = await import('../src/build.ts');
      if (first === 'precompiled') {
        if (second === undefined)
          throw new WasmeError('USAGE', 'build precompiled: which module?', {
            hint: 'wasme build precompiled filter.wasm',
          });
        return show(await buildPrecompiled(second, { ...flags, hosts: flags.host }, edges));
      }
      const job: BuildOptions = { ...operands(first, second, context.cwd), ...flags, hosts: flags.host };
      if (flags.dryRun) return writeResult(context, options.json, await planBuild(job, edges), planText);
      if (!flags.watch)
        return show(await offeringInstall(job, edges, context, options, wanted => build(wanted, edges)));
      await watchBuild(job, edges, outcome => {
        if (outcome instanceof WasmeError) showFailure(outcome, context, options.json ? ['--json'] : []);
        else show(outcome);
        edges.reporter.info('watching for changes; Ctrl-C ends');
      });
    });
}

/** What became of flags of the old tool that have nothing to say any more. */
function oldFlags({ image, tmpDir, store }: Flags): string[] {
  return [
    image === undefined
      ? ''
      : 'note: --image is not used: compilers of this machine build; --toolchain container takes an image',
    tmpDir === undefined ? '' : 'note: --tmp-dir is not used',
    store === undefined ? '' : 'note: --store is now the variable WASME_HOME',
  ].filter(note => note !== '');
}

/** `build`, `build <dir>`, `build <language>`, `build <language> <dir>`; a folder that exists wins over a language. */
function operands(
  first: string | undefined,
  second: string | undefined,
  cwd: string,
): { dir: string; language?: Language } {
  if (first === undefined) return { dir: '.' };
  const language = languages.find(name => name === first);
  if (second !== undefined) {
    if (language !== undefined) return { dir: second, language };
    throw new WasmeError('USAGE', `unknown language: ${first}`, {
      hint: `use one of ${languages.join(', ')}`,
    });
  }
  return language === undefined || existsSync(resolve(cwd, first)) ? { dir: first } : { dir: '.', language };
}

/** On a terminal, what is missing and can be got is offered instead of only named. */
async function offeringInstall<T>(
  job: BuildOptions,
  edges: Edges,
  context: Context,
  options: GlobalOptions,
  run: (job: BuildOptions) => Promise<T>,
): Promise<T> {
  try {
    return await run(job);
  } catch (error) {
    const canInstall = error instanceof WasmeError && error.details?.['installable'] === true && !job.install;
    if (!canInstall || !mayPrompt(context, options)) throw error;
    edges.reporter.warn(error.message);
    const fixes = (error.details['fixes'] as string[]).join('; then ');
    const yes = await promptsFor(context, options).confirm(
      { message: `Run ${fixes}?`, flag: '--install' },
      true,
    );
    if (!yes) throw error;
    return run({ ...job, install: true });
  }
}

function planText({ commands, module }: BuildPlanResult): string {
  return [...commands, `→ ${module}`].join('\n');
}

function resultText(result: BuildResult, cwd: string): string {
  const { module, sizeBytes, sections, upToDate, durationMs, abiVersion, beside, image } = result;
  const largest = sections.slice(0, 3).map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`);
  const how = upToDate ? 'up to date' : `built in ${(durationMs / 1000).toFixed(1)} s`;
  return [
    `${relative(cwd, module) || module}  ${formatBytes(sizeBytes)}  ABI ${abiVersion}  ${how}`,
    `  ${largest.join(' · ')}`,
    ...beside.map(file => `  with ${relative(cwd, file)}`),
    ...(image === undefined ? [] : [`  ${image.reference}  ${image.digest}  in the local store`]),
  ].join('\n');
}
