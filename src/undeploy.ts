/** `wasme undeploy`: takes a filter back out of where `deploy` put it, and nothing else. */
import { resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { rewrite } from './io/files/files.ts';
import { findProject } from './project/load.ts';
import { type TargetName, type TargetOptions, type UndeployTargetName, loadTarget } from './targets/index.ts';
import { resolveFilter } from './targets/resolve.ts';
import type { Undeployment } from './targets/target.ts';

export interface UndeployOptions<Name extends UndeployTargetName = UndeployTargetName> {
  readonly target: Name;
  /** Name of the filter; default: the id or name of the project here. */
  readonly id?: string | undefined;
  readonly targetOptions: TargetOptions[Name];
  /** File that the edited text is written to; default: it is only in the result. */
  readonly output?: string | undefined;
  /** Show what would go, change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Called with a diff before an object that others own too is changed. Absent: it is changed without a question. */
  readonly confirm?: ((diff: string) => Promise<boolean>) | undefined;
}

export interface UndeployResult extends Undeployment {
  readonly target: TargetName;
  readonly id: string;
}

/** Removes the filter. Fails with DEPLOY_DECLINED, and with DEPLOY_NOT_FOUND or KUBE_NOT_FOUND when there is none of that name. */
export async function undeploy<Name extends UndeployTargetName>(
  options: UndeployOptions<Name>,
  system: SystemContext,
): Promise<UndeployResult> {
  const target = await loadTarget(options.target);
  const project = (await findProject(system.cwd, system))?.project;
  const { id, targetOptions } = resolveFilter(
    options.target,
    target,
    { id: options.id, targetOptions: options.targetOptions },
    project,
  );
  if (id === undefined) {
    throw new WasmeError('USAGE', 'no filter was named', { hint: 'add --id, or run it in the project' });
  }
  const dryRun = options.dryRun === true;
  if (options.confirm !== undefined && !dryRun) {
    const { changed, diff = '' } = await target.undeploy({ id, dryRun: true }, targetOptions, system);
    const shared = changed.filter(({ result }) => result === 'restored').map(({ name }) => name);
    if (shared.length > 0 && !(await options.confirm(diff))) {
      throw new WasmeError('DEPLOY_DECLINED', `nothing was taken out of ${shared.join(', ')}`, {
        hint: '--yes takes it out without a question',
      });
    }
  }
  const done = await target.undeploy({ id, dryRun }, targetOptions, system);
  if (options.output !== undefined && done.text !== undefined && !dryRun) {
    await rewrite(resolve(system.cwd, options.output), done.text);
  }
  return { target: options.target, id, ...done };
}
