/**
 * Opens the module or image that the user names. The order is the same for every verb: an existing path, then the local
 * store, then the registry; `./` forces a path.
 */
import { resolve } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { exists, kindOf, readBytes } from '../io/files/files.ts';
import { type LoadedProject, findProject, loadProject, outputPath } from '../project/load.ts';
import { describeFile } from '../wasm/file-kind.ts';
import { isWasm } from '../wasm/magic.ts';
import { openArchive } from './archive/read-archive.ts';
import { markerFile } from './store/layout-files.ts';
import { OciLayout, openStore } from './store/oci-layout.ts';
import { type ImageHandle, openImage } from './read/open-image.ts';
import { type Reference, formatReference, parseReference, tagOrDigest, defaultsOf } from './reference.ts';
import type { RegistryTargetOptions } from './registry/registry.ts';
import { signedDigest } from './signature/signature.ts';
import { type Source, isAbsent } from './target.ts';

export interface SourceOptions {
  /** Flags about registries. */
  readonly registry?: RegistryTargetOptions | undefined;
  /** Ask the registry even when the store has the image, because the tag may have moved. */
  readonly remote?: boolean | undefined;
  /** `os/architecture` of the child to take from an index. */
  readonly platform?: string | undefined;
}

export interface ModuleSource {
  readonly kind: 'file' | 'project';
  /** For messages: as typed, or the project's name. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly module: Uint8Array;
  /** The project whose output the module is. */
  readonly project: LoadedProject | undefined;
}

export interface ImageSource {
  readonly kind: 'image';
  /** Full reference, or the path and name in an archive. */
  readonly name: string;
  /** undefined for an archive or a layout folder. */
  readonly reference: Reference | undefined;
  readonly place: 'store' | 'registry' | 'archive' | 'layout';
  readonly source: Source;
  readonly image: ImageHandle;
}

export type OpenedSource = ModuleSource | ImageSource;

/**
 * Opens `operand` (undefined: the project around the current folder) while `body` runs. Fails with FILE_NOT_FOUND,
 * PROJECT_NOT_FOUND, REFERENCE_INVALID, IMAGE_INVALID and as registries do.
 */
export async function withSource<T>(
  operand: string | undefined,
  options: SourceOptions,
  system: SystemContext,
  body: (opened: OpenedSource) => Promise<T>,
): Promise<T> {
  if (operand === undefined) return body(await fromProject(await loadProject(system.cwd, system)));
  const path = resolve(system.cwd, operand);
  const kind = await kindOf(path);
  if (kind === 'dir') return body(await fromFolder(path, operand, options, system));
  if (kind !== undefined) return body(await fromFile(path, operand, options));
  if (/^(\.{0,2}\/|\.$|\.\.$|file:)/.test(operand) || /\.(wasm|tar)$/.test(operand)) {
    throw new WasmeError('FILE_NOT_FOUND', `no such file or folder: ${operand}`, {
      hint: 'name a .wasm file, a project folder, an image archive, or an image reference',
      details: { path },
    });
  }
  return withReference(parseReference(operand, defaultsOf(system)), options, system, body);
}

/** Opens the store's image of that name, else the registry's. */
export async function withReference<T>(
  reference: Reference,
  options: SourceOptions,
  system: SystemContext,
  body: (opened: ImageSource) => Promise<T>,
): Promise<T> {
  const name = formatReference(reference);
  const common = { kind: 'image' as const, name, reference };
  const stored = options.remote === true ? undefined : await openStored(reference, options, system);
  if (stored !== undefined) return body({ ...common, place: 'store', ...stored });
  // The HTTP client is the largest part of the program, and an image of the store does not need it.
  const { openRegistry } = await import('./registry/registry.ts');
  const source = openRegistry(reference, system, options.registry);
  try {
    const image = await openImage(source, tagOrDigest(reference), options);
    return await body({ ...common, place: 'registry', source, image });
  } finally {
    await source.close();
  }
}

async function openStored(
  reference: Reference,
  options: SourceOptions,
  system: SystemContext,
): Promise<Pick<ImageSource, 'source' | 'image'> | undefined> {
  const source = openStore(system);
  try {
    return {
      source,
      image: await openImage(source, reference.digest ?? formatReference(reference), options),
    };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function fromProject(loaded: LoadedProject): Promise<ModuleSource> {
  const path = outputPath(loaded);
  if (!(await exists(path))) {
    throw new WasmeError('FILE_NOT_FOUND', `the project has no module yet: ${path}`, {
      hint: `run "wasme build" in ${loaded.dir}`,
      details: { path },
    });
  }
  return { kind: 'project', name: loaded.project.name, path, module: await readBytes(path), project: loaded };
}

async function fromFolder(
  path: string,
  operand: string,
  options: SourceOptions,
  system: SystemContext,
): Promise<OpenedSource> {
  if (!(await exists(resolve(path, markerFile)))) return fromProject(await loadProject(path, system));
  const source = new OciLayout(path, system);
  const names = (await source.list()).map(({ name, descriptor }) => name || descriptor.digest);
  const name = onlyOne(names, operand);
  return {
    kind: 'image',
    name,
    reference: undefined,
    place: 'layout',
    source,
    image: await openImage(source, name, options),
  };
}

async function fromFile(path: string, operand: string, options: SourceOptions): Promise<OpenedSource> {
  if (/\.(?:tar|tar\.gz|tgz)$/.test(path)) {
    const source = await openArchive(path);
    const name = onlyOne(
      source.images.map(({ name: text, descriptor }) => text ?? descriptor.digest),
      operand,
    );
    const image = await openImage(source, name, options);
    return { kind: 'image', name, reference: undefined, place: 'archive', source, image };
  }
  const module = await readBytes(path);
  if (!isWasm(module)) {
    const { what, hint } = describeFile(module);
    throw new WasmeError('WASM_INVALID', `${operand} is not a WebAssembly module but ${what}`, {
      hint,
      details: { path },
    });
  }
  const around = await findProject(path);
  const project = around !== undefined && outputPath(around) === path ? around : undefined;
  return { kind: 'file', name: operand, path, module, project };
}

function onlyOne(all: readonly string[], operand: string): string {
  const names = all.filter(name => signedDigest(name) === undefined);
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  throw new WasmeError(
    names.length === 0 ? 'IMAGE_NOT_FOUND' : 'USAGE',
    `${operand} holds ${names.length === 0 ? 'no image' : `${names.length} images`}`,
    { hint: names.length === 0 ? undefined : `load it, then name one of ${names.join(', ')}` },
  );
}
