/** `wasme build [language] [dir]`: declares the flags and prints; src/build.ts does the work. */
import { type Command, Option } from 'commander';
import type { BuildOptions, BuildResult } from '../src/build.ts';
import { WasmeError } from '../src/errors.ts';
import { type Profile, type Variant, profiles, variants } from '../src/project/names.ts';
import { buildOperands } from './build/build-operands.ts';
import { buildText, planText } from './build/build-text.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { showFailure } from './ui/failure.ts';
import { offeringInstall } from './build/install-prompt.ts';
import { addOldFlags, oldStore } from './ui/deprecated-flags.ts';
import { fileToWrite, globalOptions, hosts } from './ui/options.ts';
import { reporterFor } from './ui/progress-line.ts';
import { writeResult } from './ui/result.ts';

interface Flags {
  readonly profile?: Profile;
  readonly toolchain?: Variant | 'auto';
  readonly output?: string;
  readonly tag?: string;
  readonly config?: string;
  readonly host?: string[];
  readonly force?: true;
  readonly install?: true;
  readonly dryRun?: true;
  readonly watch?: true;
}

export function declare(command: Command, context: Context): void {
  addOldFlags(command, context, {
    '-i, --image <image>':
      'is not used: compilers of this machine build; --toolchain container takes an image',
    '--tmp-dir <dir>': 'is not used',
    ...oldStore,
  });
  command
    .argument('[language]', 'for a folder without wasme.json; "precompiled" checks an existing module')
    .argument('[dir]', 'folder of the project (default: the current one), or the existing module')
    .addOption(new Option('--profile <profile>', 'kind of build (default: release)').choices(profiles))
    .addOption(
      new Option(
        '--toolchain <which>',
        'compilers of this machine, from npm, or in a container (default: auto)',
      ).choices(['auto', ...variants]),
    )
    .option('-o, --output <file>', 'where the module goes (default: build/<name>.wasm)', fileToWrite)
    .option('-t, --tag <image>', 'also put the module into the local store under this name')
    .option(
      '--host <host@version>',
      'host that must be able to load the module, e.g. istio@1.30 (repeatable)',
      hosts,
    )
    .option('-c, --config <file>', 'runtime-config.json (ABI, root ids) of the image; with --tag')
    .option('-f, --force', 'build even if nothing has changed')
    .option('--install', 'install missing packages and tools first, if that needs no root')
    .option('-w, --watch', 'build again after each change of a source')
    .option('--dry-run', 'show the commands without running them')
    .addHelpText(
      'after',
      `
Examples:
  wasme build                          the project in this folder
  wasme build ./my-filter --profile debug
  wasme build rust ./filters/auth      a Cargo project without wasme.json
  wasme build --watch                  build again on each save
  wasme build -t registry.example/me/my-filter:v1
  wasme build precompiled filter.wasm  check a module that was built elsewhere
  wasme build --dry-run                the commands, without running them`,
    )
    .action(async (first: string | undefined, second: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const show = (result: BuildResult): void =>
        writeResult(context, options.json, result, value => buildText(value, context.cwd));
      const { build, buildPrecompiled, planBuild, watchBuild } = await import('../src/build.ts');
      if (first === 'precompiled') {
        const hint = 'wasme build precompiled filter.wasm';
        if (second === undefined) throw new WasmeError('USAGE', 'build precompiled: which module?', { hint });
        return show(await buildPrecompiled(second, { ...flags, hosts: flags.host }, system));
      }
      const job: BuildOptions = { ...buildOperands(first, second, context.cwd), ...flags, hosts: flags.host };
      if (flags.dryRun) return writeResult(context, options.json, await planBuild(job, system), planText);
      if (!flags.watch)
        return show(await offeringInstall(job, system, context, options, wanted => build(wanted, system)));
      await watchBuild(job, system, outcome => {
        if (outcome instanceof WasmeError) showFailure(outcome, context, options.json ? ['--json'] : []);
        else show(outcome);
        system.reporter.info('watching for changes; Ctrl-C ends');
      });
    });
}
