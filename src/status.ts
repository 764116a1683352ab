/** `wasme status`: reports for each proxy whether the filter runs, with which digest, and whether it fails. */
import { join } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { exists } from './io/files/files.ts';
import { cacheDir } from './io/files/paths.ts';
import { type ImageLookup, imageAccess } from './oci/image-access.ts';
import { type LoadedProject, findProject, outputPath } from './project/load.ts';
import { type StatusTargetName, type TargetName, type TargetOptions, loadTarget } from './targets/index.ts';
import { resolveFilter } from './targets/resolve.ts';
import { resolveSource } from './targets/source.ts';
import type { StatusRow } from './targets/target.ts';

export interface StatusOptions<Name extends StatusTargetName = StatusTargetName> {
  readonly target: Name;
  /** The code that should run: project folder, .wasm file or image; default: the project here, when it is built. */
  readonly source?: string | undefined;
  readonly id?: string | undefined;
  /** Every filter that is there, instead of one; what should run is not compared then. */
  readonly all?: boolean | undefined;
  /** The digest that should run, instead of the source's. */
  readonly digest?: string | undefined;
  readonly targetOptions: TargetOptions[Name];
}

export interface StatusResult {
  readonly target: TargetName;
  /** Absent when every filter was asked for. */
  readonly id?: string;
  /** Every row is `loaded`, and there is one. */
  readonly healthy: boolean;
  readonly rows: readonly StatusRow[];
}

/** Returns one row per proxy. Fails when no proxy can be asked; a proxy that is down or a filter that crashes is a row. */
export async function status<Name extends StatusTargetName>(
  options: StatusOptions<Name>,
  system: SystemContext,
): Promise<StatusResult> {
  if (options.all === true && [options.source, options.id, options.digest].some(one => one !== undefined)) {
    throw new WasmeError('USAGE', '--all is for every filter, and one was named too', {
      hint: 'leave out --all, or what is named',
    });
  }
  const target = await loadTarget(options.target);
  const here = await findProject(system.cwd, system);
  const wanted = options.all === true ? undefined : await expectation(options, target.accepts, here, system);
  // With the same operand, status looks where deploy has put the filter.
  const project = options.source === undefined ? here?.project : wanted?.project?.project;
  const { id, targetOptions } = resolveFilter(
    options.target,
    target,
    { id: options.id, targetOptions: options.targetOptions },
    project,
    wanted?.name,
  );
  const inquiry = target.inquire(targetOptions, system)();
  if (options.all === true) {
    const rows: StatusRow[] = [];
    for (const id of await inquiry.filters()) {
      rows.push(...(await inquiry.status({ id, expected: undefined })));
    }
    return result(options.target, rows);
  }
  if (id === undefined) {
    throw new WasmeError('USAGE', 'no filter was named', {
      hint: 'add --id, or --all for every filter there, or run it in the project',
    });
  }
  const expected = options.digest ?? wanted?.digest;
  return { id, ...result(options.target, await inquiry.status({ id, expected })) };
}

function result(target: TargetName, rows: readonly StatusRow[]): StatusResult {
  const healthy = rows.length > 0 && rows.every(({ state }) => state === 'loaded');
  return { target, healthy, rows };
}

interface Expectation {
  readonly name: string;
  readonly digest: string | undefined;
  readonly project: LoadedProject | undefined;
}

/** Returns what the source says; undefined when nothing was named and the project here has not been built. */
async function expectation(
  { source, digest }: StatusOptions,
  accepts: Parameters<typeof resolveSource>[1]['accepts'],
  loaded: LoadedProject | undefined,
  system: SystemContext,
): Promise<Expectation | undefined> {
  if (source === undefined) {
    if (loaded === undefined || digest !== undefined) return undefined;
    const known =
      accepts[0] === 'image'
        ? loaded.project.image?.reference !== undefined
        : await exists(outputPath(loaded));
    if (!known) return undefined;
  }
  const { name, code, project } = await resolveSource(source, {
    cwd: system.cwd,
    places: system,
    accepts,
    digest: digest ?? true,
    images: registryFirst(system),
    fetchModule: () =>
      Promise.reject(
        new WasmeError('USAGE', 'a URL says nothing of its digest', { hint: 'add --digest sha256:…' }),
      ),
    modulePath: () => join(cacheDir(system), 'modules'),
  });
  return { name, digest: code.digest, project };
}

/** Asks the registry first, because the store may have the image that a tag named before it was moved. */
function registryFirst(system: SystemContext): ImageLookup {
  const [registry, store] = [imageAccess(system, { remote: true }), imageAccess(system, {})];
  const first = async <T>(ask: (from: ImageLookup) => Promise<T>): Promise<T> => {
    try {
      return await ask(registry);
    } catch (error) {
      if (system.signal.aborted) throw error;
      const kept = await ask(store).catch((): never => {
        throw error;
      });
      system.reporter.warn(
        `compared with the image in the local store: ${error instanceof Error ? error.message : String(error)}`,
      );
      return kept;
    }
  };
  return {
    resolve: (reference, digest) => first(from => from.resolve(reference, digest)),
    module: reference => first(from => from.module(reference)),
  };
}
