/** A module on this machine becomes an image of the local store: `build -t`. */
import type { SystemContext } from '../../io/system-context.ts';
import type { LoadedProject } from '../../project/load.ts';
import { silentReporter } from '../../reporter.ts';
import { copy } from '../copy.ts';
import { openStore } from '../store/oci-layout.ts';
import { type PackagingName, packImage } from './formats/index.ts';
import { type MetadataOptions, metadataOfModule, metadataOfProject } from './metadata.ts';

import { defaultsOf, formatReference, parseReference } from '../reference.ts';
import { graphDescriptor, graphSource } from '../target.ts';

export interface PackedModule {
  /** Full, with the tag. */
  readonly reference: string;
  readonly digest: string;
  readonly layout: PackagingName;
}

/** Packs in the project's layout (default `compat`) and names it. Fails with REFERENCE_INVALID and as the store does. */
export async function packModule(
  module: Uint8Array,
  tag: string,
  project: LoadedProject | undefined,
  options: MetadataOptions,
  system: SystemContext,
): Promise<PackedModule> {
  const { host, repository, tag: name = 'latest' } = parseReference(tag, defaultsOf(system));
  const reference = formatReference({ host, repository, tag: name });
  const layout = project?.project.image?.layout ?? 'compat';
  const metadata =
    project === undefined
      ? metadataOfModule(module, options, system)
      : await metadataOfProject(project, module, options, system);
  const graph = packImage(layout, module, metadata);
  const root = graphDescriptor(graph);
  // From memory to the disk beside us: progress would only be noise.
  const quiet = { reporter: silentReporter, signal: system.signal, names: [reference] };
  await copy(graphSource(graph), root, openStore(system), quiet);
  return { reference, digest: root.digest, layout };
}
