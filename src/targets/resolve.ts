/** Joins flags with the project: which filter is meant, and the target's options. One rule for deploy, status and undeploy. */
import type { Project } from '../project/schema.ts';
import { type TargetName, projectSections } from './index.ts';
import type { ProjectDefaults } from './make-intent.ts';
import type { DeployTarget } from './target.ts';

export interface FilterRequest<Options> {
  /** `--id`. */
  readonly id: string | undefined;
  readonly targetOptions: Options;
}

export interface ResolvedFilter<Options> {
  /** undefined: neither a flag, a project nor a source gives a name. */
  readonly id: string | undefined;
  readonly targetOptions: Options;
  /** The target's own section of the project's `deploy`. */
  readonly defaults: ProjectDefaults | undefined;
}

/**
 * Returns the filter's id and the target's options. A flag wins over the target's section in the project's `deploy`,
 * which wins over the name of the source, which wins over the project's name. `project` is the project of the source;
 * when no source is named, the one around the current folder.
 */
export function resolveFilter<Options>(
  name: TargetName,
  target: Pick<DeployTarget<Options, unknown>, 'withProject'>,
  { id, targetOptions }: FilterRequest<Options>,
  project: Project | undefined,
  sourceName?: string,
): ResolvedFilter<Options> {
  const defaults = project?.deploy?.[projectSections[name]];
  return {
    id: id ?? defaults?.id ?? sourceName ?? project?.name,
    targetOptions:
      (project && target.withProject?.(targetOptions, project.deploy ?? {}, project)) ?? targetOptions,
    defaults,
  };
}
