/** Describes a language's compiler as data and pure functions: no process, no disk. plan.ts and execute.ts do the work. */
import type { ErrorCode } from '../errors.ts';
import type { CommandLine } from '../io/process/exec.ts';
import type { Language, Profile, Variant } from '../project/names.ts';
import type { Project } from '../project/schema.ts';

export type { Profile, Variant } from '../project/names.ts';

/** Drives the compiler of a language: detects projects, probes tools, plans builds, reads messages. */
export interface Toolchain {
  readonly language: Language;
  /** The language as people write it: `TinyGo`. */
  readonly title: string;
  /** File that a project of this language has at its top, for messages: `Cargo.toml`. */
  readonly projectFile: string;
  /** Variants that `--toolchain auto` tries, in order: the first whose required tools are all found is used. */
  readonly variants: readonly Exclude<Variant, 'container'>[];
  /** Image that has the native tools, for `--toolchain container`. */
  readonly containerImage: string;
  /** Decides from the names at a folder's top (files and folders) whether it is a project of this language. */
  detect(names: readonly string[]): boolean;
  /** Returns what a variant needs, in the order in which doctor shows it. A probe may run in the project's folder. */
  probes(variant: Variant): readonly Probe[];
  /** Returns the build as data. Called when every required probe was found. */
  plan(request: PlanRequest): BuildPlan;
  /** Returns globs of the sources for a project with a build.command, if `plan` cannot be asked for them. */
  inputs?(): readonly string[];
  /** Returns the compiler messages in a tool's output. Paths are as the tool wrote them (relative ones: to the project). */
  parseDiagnostics(output: string): readonly Diagnostic[];
  /** Recognises a known failure in a tool's output. */
  explain(output: string): Explanation | undefined;
  /** Versions that are known not to work together. */
  readonly conflicts: readonly VersionConflict[];
  /** Matches names of environment variables that change what the compiler builds. */
  readonly environment: RegExp;
}

/** Describes how a tool is looked for. Programs are started to learn their version; npm packages and files are read. */
export type Probe = ProgramProbe | PackageProbe | FileProbe;

interface ProbeBase {
  /** Key in `PlanRequest.tools`. */
  readonly id: string;
  /** Name for messages: `rustc`, `WASI standard library`. */
  readonly title: string;
  /** Lowest version that works. */
  readonly minimum?: string;
  /** The build works without it; the plan finds out from `tools`. */
  readonly optional?: true;
  /** Looked for only if wasm-opt is wanted (and by doctor), because starting a program takes time. */
  readonly onlyToOptimize?: true;
  /** Id of the tool that answers this probe: if that tool is not found, this probe is not reported. */
  readonly of?: string;
  /** Asks for a property of the project, not for a tool: it is not reported as missing. */
  readonly ofProject?: true;
  /** Ways to install or update the tool; the first one that suits the system is shown. */
  readonly fixes: readonly FixOption[];
}

export interface ProgramProbe extends ProbeBase {
  readonly kind: 'program';
  /** Tried in order; the first that is on PATH (or is an absolute path that exists) and exits with 0 is used. cwd: the project. */
  readonly candidates: readonly CommandLine[];
  /** The first group is the version. Default: the first x.y or x.y.z in stdout, then stderr. */
  readonly version?: RegExp;
  /** Extracts from stdout what the plan needs, as JSON data: it is recorded, so that the next build can start before probing. */
  readonly facts?: (stdout: string) => unknown;
  /**
   * The tool counts as found only if this glob matches below the folder that it printed on stdout
   * (`rustc --print target-libdir` prints a folder whether it exists or not).
   */
  readonly folderHas?: string;
  /** Explains a failure of the program from its output; if it returns undefined, a line of the output is shown. */
  readonly explain?: (output: string) => string | undefined;
  /** The problem if the program is found but `folderHas` does not match: `the target wasm32-wasip1 is not installed`. */
  readonly missingText?: string;
}

export interface PackageProbe extends ProbeBase {
  readonly kind: 'package';
  /** npm name. */
  readonly package: string;
  /** `project`: node_modules of the project or above it. `cache`: wasme's own tool cache (see provision.ts). */
  readonly from: 'project' | 'cache';
}

/** Files of the project whose text the plan depends on. */
export interface FileProbe extends ProbeBase {
  readonly kind: 'file';
  /** Path or glob relative to the project; not below vendor/, node_modules/ and build/. */
  readonly file: string;
  /** Extracts from the text (of several files: joined) what the plan needs, as JSON data. If it throws, the probe is `broken`. */
  readonly facts: (text: string) => unknown;
}

/** One way to install a tool, and the systems it works on. */
export interface FixOption {
  /** Works only on these platforms; default: all. */
  readonly platforms?: readonly NodeJS.Platform[];
  /** Works only if this program is on PATH: `apt-get`, `brew`, `rustup`. */
  readonly has?: string;
  /** The command to run. Without it, `text` says what to do. */
  readonly command?: CommandLine;
  /** A command that must succeed before `command` is run. */
  readonly before?: CommandLine;
  /** Needs root: `doctor --fix` only prints it. */
  readonly needsRoot?: true;
  /** A sentence, if no command does it, or a remark on the command. */
  readonly text?: string;
}

export type ProbeStatus = 'found' | 'missing' | 'too-old' | 'broken';

/** The result of probing for one tool. */
export interface ProbeResult {
  readonly id: string;
  readonly title: string;
  readonly status: ProbeStatus;
  /** Absolute path of the program, or of the package's folder. */
  readonly path?: string;
  readonly version?: string;
  /** Names under which the program was looked for, in order; the last is the one that was used, if any was. */
  readonly searched?: readonly string[];
  /** Result of the probe's `facts`, for probes that ask for more than a version (`cargo metadata`). */
  readonly facts?: unknown;
  /** Says why it is not `found`. */
  readonly problem?: string;
}

export interface PlanRequest {
  /** Absolute folder of the project. */
  readonly projectDir: string;
  /** Names of the files and folders at the project's top. */
  readonly names: readonly string[];
  /** Parsed wasme.json, if there is one. */
  readonly project: Project | undefined;
  /** Name of the module, without `.wasm`. */
  readonly name: string;
  readonly profile: Profile;
  readonly variant: Variant;
  /** wasm-opt is wanted. */
  readonly optimize: boolean;
  /** DWARF is wanted; the build splits it off the module afterwards. Always true in a debug build. */
  readonly debugInfo: boolean;
  /** Absolute folder for intermediate results; exists, keeps its content between builds, lies in the project's build/. */
  readonly scratchDir: string;
  /** Results of `probes(variant)` by id; required ones are all `found`. */
  readonly tools: Readonly<Record<string, ProbeResult>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly homeDir: string;
}

/** The build as data: printed by --dry-run, run by execute.ts. */
export interface BuildPlan {
  /** Run one after the other; cwd defaults to the project. A non-zero exit code stops the build. */
  readonly steps: readonly CommandLine[];
  /** Number of first steps that are independent of each other and may run at the same time. */
  readonly independent?: number;
  /** Absolute path where the last step leaves the module; a folder if the steps choose the module's name. */
  readonly module: string;
  /** Files that belong beside the module (a source map), where the steps leave them. */
  readonly sidecars?: readonly Sidecar[];
  /** Globs, relative to the project, of all files that decide the result; hashed to find out whether to build at all. */
  readonly inputs: readonly string[];
  /** Absolute paths, existing or not, of settings that the tools read above the project or in the user's home. */
  readonly settings?: readonly string[];
  /** Absolute folders outside the project that the steps read: a container mounts them. */
  readonly reads?: readonly string[];
  /** Run at the end in any case, also after a failure or Ctrl-C. */
  readonly cleanup?: readonly CommandLine[];
  /** Shown before the build is reported: it works, but something should be changed. */
  readonly warnings?: readonly string[];
  /** Hint if the steps succeed and leave no module: the usual mistake. */
  readonly noModuleHint?: string;
  /**
   * A process that --watch keeps to compile on demand: reads one line per build on stdin, writes the module to `module`
   * (for the line "warm up": nothing), prints compiler output, then a line that is exactly `@@built 0` or `@@built 1`.
   */
  readonly server?: CommandLine;
}

export interface Sidecar {
  readonly path: string;
  /** Replaces `.wasm` in the module's final name: `.wasm.map`, `.debug.wasm`. */
  readonly suffix: string;
}

export interface Diagnostic {
  readonly file: string;
  /** Line and column count from 1. */
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The column counts bytes, as clang and Go do, not characters. */
  readonly columnInBytes?: true;
  /** Number of characters to underline; default 1. */
  readonly length?: number;
}

/** Explains a known failure of a compiler and says what to do. */
export interface Explanation {
  /** Default: BUILD_FAILED. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Tools whose versions do not work together: `tinygo` <0.41 with `go` >=1.26. Ranges are npm's. */
export interface VersionConflict {
  readonly tools: readonly { readonly id: string; readonly range: string }[];
  readonly problem: string;
  readonly hint: string;
}
