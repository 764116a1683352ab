/** Offers, on a terminal, to install the tools that a build lacks. */
import type { BuildOptions } from '../../src/build.ts';
import { WasmeError } from '../../src/errors.ts';
import type { SystemContext } from '../../src/io/system-context.ts';
import type { Context } from '../ui/context.ts';
import type { GlobalOptions } from '../ui/options.ts';
import { mayPrompt, promptsFor } from '../ui/prompts.ts';

/** Runs the build; if it fails only for missing tools that can be installed, asks and runs it again with `install`. */
export async function offeringInstall<T>(
  job: BuildOptions,
  system: SystemContext,
  context: Context,
  options: GlobalOptions,
  run: (job: BuildOptions) => Promise<T>,
): Promise<T> {
  try {
    return await run(job);
  } catch (error) {
    const canInstall = error instanceof WasmeError && error.details?.['installable'] === true && !job.install;
    if (!canInstall || !mayPrompt(context, options)) throw error;
    system.reporter.warn(error.message);
    const fixes = (error.details['fixes'] as string[]).join('; then ');
    const yes = await promptsFor(context, options).confirm(
      { message: `Run ${fixes}?`, flag: '--install' },
      true,
    );
    if (!yes) throw error;
    return run({ ...job, install: true });
  }
}
