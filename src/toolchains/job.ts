/** Resolves what one build is asked to do, from the options and wasme.json. Starts no program and writes nothing. */
import { basename, join, resolve } from 'node:path';
import { sha256Hex } from '../io/sha256.ts';
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { kindOf } from '../io/files/files.ts';
import { packageVersion } from '../io/files/paths.ts';
import { type LoadedProject, findProject, outputPath } from '../project/load.ts';
import { memoryDir } from '../project/validated-cache.ts';
import type { Language, Project } from '../project/schema.ts';
import type { CheckOptions } from './check.ts';
import { customToolchain } from './languages/custom.ts';
import { detectToolchain, toolchains, topNames } from './index.ts';
import type { Profile, Toolchain, Variant } from './toolchain.ts';

export interface BuildOptions {
  /** Folder of the project (or below it), relative to the system's cwd. */
  readonly dir: string;
  /** Default: the language in wasme.json, otherwise the one that the files of the folder show. */
  readonly language?: Language | undefined;
  readonly profile?: Profile | undefined;
  readonly toolchain?: Variant | 'auto' | undefined;
  /** Path of the module, relative to cwd; default: build.output of wasme.json, or build/<name>.wasm. */
  readonly output?: string | undefined;
  /** Build even if nothing has changed. */
  readonly force?: boolean | undefined;
  /** Hosts that must be able to load the module, besides those in wasme.json: `istio@1.30`. */
  readonly hosts?: readonly string[] | undefined;
  /** Also put the module into the local store under this name. */
  readonly tag?: string | undefined;
  /** The old runtime-config.json (ABI versions, root ids) for that image, relative to cwd; default: the project's. */
  readonly config?: string | undefined;
  /** Install missing tools and packages first, where that needs no root. */
  readonly install?: boolean | undefined;
}

/** Everything that is known before a tool is started. */
export interface BuildJob {
  readonly dir: string;
  readonly name: string;
  readonly project: Project | undefined;
  readonly loaded: LoadedProject | undefined;
  /** Names of the files and folders at the project's top. */
  readonly names: readonly string[];
  readonly toolchain: Toolchain;
  readonly profile: Profile;
  readonly variant: Variant | 'auto';
  readonly check: CheckOptions;
  readonly install: boolean;
  readonly force: boolean;
  /** Absolute path of the module. */
  readonly output: string;
  /** Absolute folder in the project for the lock and intermediate results. */
  readonly stateDir: string;
  /** Absolute folder in the user's cache for the records. */
  readonly memoryDir: string;
  /** Everything that decides the result, apart from files and tools. */
  readonly request: string;
}

/** Fails with FILE_NOT_FOUND, PROJECT_INVALID, LANGUAGE_UNKNOWN. */
export async function openJob(options: BuildOptions, system: SystemContext): Promise<BuildJob> {
  const asked = resolve(system.cwd, options.dir);
  if ((await kindOf(asked)) !== 'dir') {
    throw new WasmeError('FILE_NOT_FOUND', `no such folder: ${asked}`, {
      hint: 'name the folder of a project',
    });
  }
  const found = await findProject(asked, system);
  // A Cargo project does not belong to a wasme.json far above it (in a home folder, say).
  const loaded = found?.dir === asked || options.language === undefined ? found : undefined;
  const dir = loaded?.dir ?? asked;
  const names = await topNames(dir);
  const project = loaded?.project;
  const { command } = project?.build ?? {};
  const name = project?.name ?? (basename(dir).replace(/[^\w.-]+/g, '-') || 'filter');
  const language = options.language ?? project?.language;
  const base = language === undefined ? detectToolchain(dir, names) : toolchains[language];
  const toolchain = command === undefined ? base : customToolchain(base, command, name);
  const profile = options.profile ?? project?.build?.profile ?? 'release';
  const variant = options.toolchain ?? project?.build?.toolchain ?? 'auto';
  const output =
    options.output !== undefined
      ? resolve(system.cwd, options.output)
      : loaded === undefined
        ? join(dir, 'build', `${name}.wasm`)
        : outputPath(loaded);
  const request = JSON.stringify([
    packageVersion(),
    toolchain.language,
    profile,
    variant,
    name,
    output,
    project?.build ?? {},
    environmentHash(toolchain, system),
  ]);
  const { install = false, force = false, hosts = [] } = options;
  const check: CheckOptions = {
    hosts: [...(project?.hosts ?? []), ...hosts],
    // Debug builds are not shipped.
    sizeBudget: profile === 'release' ? project?.build?.sizeBudget : undefined,
  };
  return {
    dir,
    name,
    project,
    loaded,
    names,
    toolchain,
    profile,
    variant,
    check,
    install,
    force,
    output,
    stateDir: join(dir, 'build', '.wasme'),
    memoryDir: memoryDir(dir, system),
    request,
  };
}

/** Returns a hash, because some of the variables are secrets (credentials of cargo registries). */
function environmentHash({ environment }: Toolchain, { env }: SystemContext): string {
  const relevant = Object.entries(env).filter(([name]) => environment.test(name));
  return sha256Hex(JSON.stringify(relevant.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Suffix of the file with the debug information that is taken out of a module. */
export const debugSuffix = '.debug.wasm';

/** Returns the path of a file that lies beside a module: `f.wasm` and `.wasm.map` give `f.wasm.map`. */
export function sidecarPath(module: string, suffix: string): string {
  return module.replace(/(\.wasm)?$/, suffix);
}
