/** One build to be done: what was asked for and wasme.json say. Loads nothing that starts programs. */
import { basename, join, resolve } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import { kindOf } from '../io/files.ts';
import { packageVersion } from '../io/paths.ts';
import { type LoadedProject, findProject, outputPath } from '../project/load.ts';
import { memoryDir } from '../project/remembered.ts';
import type { Language, Project } from '../project/schema.ts';
import type { CheckOptions } from './check.ts';
import { customToolchain } from './languages/custom.ts';
import { sha256 } from './inputs.ts';
import { detectToolchain, toolchainFor, topNames } from './index.ts';
import type { Profile, Toolchain, Variant } from './toolchain.ts';

export interface BuildOptions {
  /** Folder of the project (or below it), relative to the edges' cwd. */
  readonly dir: string;
  /** Default: what wasme.json says, or what the files of the folder tell. */
  readonly language?: Language | undefined;
  readonly profile?: Profile | undefined;
  readonly toolchain?: Variant | 'auto' | undefined;
  /** Where the module goes, relative to cwd; default: build.output of wasme.json, or build/<name>.wasm. */
  readonly output?: string | undefined;
  /** Build although nothing has changed. */
  readonly force?: boolean | undefined;
  /** Hosts that have to load the module, besides those of wasme.json: `istio@1.30`. */
  readonly hosts?: readonly string[] | undefined;
  /** Also put the module into the local store under this name. */
  readonly tag?: string | undefined;
  /** The old runtime-config.json (ABI versions, root ids) for that image, relative to cwd; default: the project's. */
  readonly config?: string | undefined;
  /** Get missing tools and packages first, as far as that works without root. */
  readonly install?: boolean | undefined;
}

/** Everything that is known before a tool is started. */
export interface BuildJob {
  readonly dir: string;
  readonly name: string;
  readonly project: Project | undefined;
  readonly loaded: LoadedProject | undefined;
  readonly names: readonly string[];
  readonly toolchain: Toolchain;
  readonly profile: Profile;
  readonly variant: Variant | 'auto';
  readonly check: CheckOptions;
  readonly install: boolean;
  readonly force: boolean;
  readonly output: string;
  /** In the project: for the lock and what the steps make. */
  readonly stateDir: string;
  /** In the user's cache: for the record. */
  readonly memoryDir: string;
  /** All that decides the result apart from files and tools. */
  readonly request: string;
}

/** Finds out what is to be built. Fails with FILE_NOT_FOUND, PROJECT_INVALID, LANGUAGE_UNKNOWN. */
export async function openJob(options: BuildOptions, edges: Edges): Promise<BuildJob> {
  const asked = resolve(edges.cwd, options.dir);
  if ((await kindOf(asked)) !== 'dir') {
    throw new WasmeError('FILE_NOT_FOUND', `no such folder: ${asked}`, {
      hint: 'name the folder of a project',
    });
  }
  const found = await findProject(asked, edges);
  // A wasme.json far above (someone's home) does not make a Cargo project its part.
  const loaded = found?.dir === asked || options.language === undefined ? found : undefined;
  const dir = loaded?.dir ?? asked;
  const names = await topNames(dir);
  const project = loaded?.project;
  const { command } = project?.build ?? {};
  const name = project?.name ?? (basename(dir).replace(/[^\w.-]+/g, '-') || 'filter');
  const language = options.language ?? project?.language;
  const known = language === undefined ? detectToolchain(dir, names) : toolchainFor(language);
  const toolchain = command === undefined ? known : customToolchain(known, command, name);
  const profile = options.profile ?? project?.build?.profile ?? 'release';
  const variant = options.toolchain ?? project?.build?.toolchain ?? 'auto';
  const output =
    options.output !== undefined
      ? resolve(edges.cwd, options.output)
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
    environmentHash(toolchain, edges),
  ]);
  const { install = false, force = false, hosts = [] } = options;
  const check: CheckOptions = {
    hosts: [...(project?.hosts ?? []), ...hosts],
    // A debug build is not what is shipped.
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
    memoryDir: memoryDir(dir, edges),
    request,
  };
}

/** A hash, because there are secrets among the variables (cargo's, of registries). */
function environmentHash({ environment }: Toolchain, { env }: Edges): string {
  const heeded = Object.entries(env).filter(([name]) => environment.test(name));
  return sha256(JSON.stringify(heeded.sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Where `record` keeps what a profile's last build was made of. */
export function recordFile({ memoryDir, profile }: BuildJob): string {
  return join(memoryDir, `${profile}.json`);
}
