/** Puts an image that was made in memory into the local store. */
import type { SystemContext } from '../../io/system-context.ts';
import type { LoadedProject } from '../../project/load.ts';
import { silentReporter } from '../../reporter.ts';
import { copy } from '../copy.ts';
import type { PackagingName } from '../packaging/formats/index.ts';
import type { MetadataOptions } from '../packaging/metadata.ts';
import { packModule } from '../packaging/pack-module.ts';
import { type Reference, defaultsOf, formatReference, parseReference } from '../reference.ts';
import { type ImageGraph, graphDescriptor, graphSource } from '../target.ts';
import { openStore } from './oci-layout.ts';

export interface StoredModule {
  /** Full, with the tag. */
  readonly reference: string;
  readonly digest: string;
  readonly layout: PackagingName;
}

/** Packs a module and stores it under `tag`. Fails with REFERENCE_INVALID and as the store does. */
export async function storeModule(
  module: Uint8Array,
  tag: string,
  project: LoadedProject | undefined,
  options: MetadataOptions,
  system: SystemContext,
): Promise<StoredModule> {
  const { host, repository, tag: name = 'latest' } = parseReference(tag, defaultsOf(system));
  const reference = { host, repository, tag: name };
  const { layout, graph } = await packModule(module, project, options, system);
  await storeImage(graph, reference, system);
  return { reference: formatReference(reference), digest: graphDescriptor(graph).digest, layout };
}

/** Names the image `reference` in the store. Reports no progress, because nothing leaves this machine. */
export async function storeImage(
  graph: ImageGraph,
  reference: Reference,
  system: SystemContext,
): Promise<void> {
  const quiet = { reporter: silentReporter, signal: system.signal, names: [formatReference(reference)] };
  await copy(graphSource(graph), graphDescriptor(graph), openStore(system), quiet);
}
