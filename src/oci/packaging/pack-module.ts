/** Packs a module with what its project and the flags say about it: for push, build -t, convert and verify. */
import type { SystemContext } from '../../io/system-context.ts';
import type { LoadedProject } from '../../project/load.ts';
import type { ImageGraph } from '../target.ts';
import { type PackagingName, packImage } from './formats/index.ts';
import { type MetadataOptions, metadataOfModule, metadataOfProject } from './metadata.ts';

export interface PackedModule {
  readonly layout: PackagingName;
  readonly graph: ImageGraph;
}

/** Packs as `options.layout` says, else as the project does, else as `compat`. Reads the project's documents, writes nothing. */
export async function packModule(
  module: Uint8Array,
  project: LoadedProject | undefined,
  options: MetadataOptions,
  system: SystemContext,
): Promise<PackedModule> {
  const layout = options.layout ?? project?.project.image?.layout ?? 'compat';
  const metadata =
    project === undefined
      ? metadataOfModule(module, options, system)
      : await metadataOfProject(project, module, options, system);
  return { layout, graph: packImage(layout, module, metadata) };
}
