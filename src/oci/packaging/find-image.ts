/** Finds the image that a push sends: a module file, the project's build, or an image of the local store. */
import { resolve } from 'node:path';
import { WasmeError } from '../../errors.ts';
import { readBytes } from '../../io/files/files.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type LoadedProject, outputPath } from '../../project/load.ts';
import { type Reference, defaultsOf, formatName, formatReference, parseReference } from '../reference.ts';
import { openStore } from '../store/oci-layout.ts';
import { type Descriptor, type Source, graphDescriptor, graphSource, resolveIfThere } from '../target.ts';
import type { PackagingName } from './formats/index.ts';
import type { MetadataOptions } from './metadata.ts';

export interface FindImageOptions extends MetadataOptions {
  /** Module to pack, instead of the project's build or the store's image. */
  readonly file?: string | undefined;
  /** Packs bytes that are not a core module, too. */
  readonly force?: boolean | undefined;
}

export interface FoundImage {
  readonly from: 'project' | 'file' | 'store';
  readonly source: Source;
  readonly root: Descriptor;
  /** undefined: as it lies in the store. */
  readonly layout: PackagingName | undefined;
}

/**
 * Takes the named file, else the store's image of that name, else the project's build; for the project's own image the build comes
 * before the store, where an older one lies. Fails with FILE_NOT_FOUND when there is none, and with WASM_INVALID.
 */
export async function findImage(
  reference: Reference,
  options: FindImageOptions,
  project: LoadedProject | undefined,
  system: SystemContext,
): Promise<FoundImage> {
  if (options.file !== undefined) {
    const path = resolve(system.cwd, options.file);
    const own = project !== undefined && outputPath(project) === path ? project : undefined;
    return packFile('file', path, await readBytes(path), own, options, system);
  }
  const isOwn = isProjectImage(reference, project, system);
  const stored = isOwn ? undefined : await findStored(reference, options, system);
  if (stored !== undefined) return stored;
  const module = project && (await readBytes(outputPath(project)).catch(() => undefined));
  if (project !== undefined && module !== undefined) {
    return packFile('project', outputPath(project), module, project, options, system);
  }
  const older = isOwn ? await findStored(reference, options, system) : undefined;
  if (older !== undefined) return older;
  throw new WasmeError(
    'FILE_NOT_FOUND',
    project === undefined
      ? `nothing to push: the local store has no ${formatReference(reference)}, and there is no project here`
      : `nothing to push: the project has no module at ${outputPath(project)}`,
    { hint: project === undefined ? 'name the module: --file filter.wasm' : 'run "wasme build" first' },
  );
}

/** Compares names without tags: every tag of the repository that the project names is the project's. */
export function isProjectImage(
  reference: Reference,
  project: LoadedProject | undefined,
  system: SystemContext,
): boolean {
  const own = project?.project.image?.reference;
  return own !== undefined && formatName(parseReference(own, defaultsOf(system))) === formatName(reference);
}

/** An image of the store is never repacked: with --layout the module is packed instead. */
async function findStored(
  reference: Reference,
  options: FindImageOptions,
  system: SystemContext,
): Promise<FoundImage | undefined> {
  if (options.layout !== undefined) return undefined;
  const source = openStore(system);
  const root = await resolveIfThere(source, formatReference(reference));
  return root && { from: 'store', source, root, layout: undefined };
}

async function packFile(
  from: 'project' | 'file',
  path: string,
  module: Uint8Array,
  project: LoadedProject | undefined,
  options: FindImageOptions,
  system: SystemContext,
): Promise<FoundImage> {
  // Imported here, because a push from the store needs none of it.
  const { packModule } = await import('./pack-module.ts');
  if (!options.force) {
    const { parseNamedModule } = await import('../../wasm/module.ts');
    parseNamedModule(module, path);
  }
  const { layout, graph } = await packModule(module, project, options, system);
  return { from, source: graphSource(graph), root: graphDescriptor(graph), layout };
}
