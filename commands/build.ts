/** `wasme build [language] [dir]`: flags and what is shown; the job is in src/build.ts. */
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
    .argument('[language]', 'where no wasme.json says it; "precompiled" takes a module that is there')
    .argument('[dir]', 'folder of the project (default: this one), or that module')
    .addOption(new Option('--profile <profile>', 'what is built (default: release)').choices(profiles))
    .addOption(
      new Option('--toolchain <which>', 'where the compiler comes from').choices(['auto', ...variants]),
    )
    .option('-o, --output <file>', 'where the module goes (default: build/<name>.wasm)', fileToWrite)
    .option('-t, --tag <image>', 'also put it into the local store under this name')
    .option('--host <host@version>', 'host that has to load it, e.g. istio@1.30 (repeatable)', hosts)
    .option('-c, --config <file>', 'runtime-config.json (ABI, root ids) of the image; with --tag')
    .option('-f, --force', 'build although nothing has changed')
    .option('--install', 'get missing packages and tools first, where that needs no root')
    .option('-w, --watch', 'build again whenever a source changes')
    .option('--dry-run', 'show what would be run')
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
