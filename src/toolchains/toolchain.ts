/**
 * What a toolchain is: pure data and pure functions, no process and no disk. src/build.ts and src/doctor.ts do what
 * it says; a new language is one file next to this one and one line in index.ts.
 */
import type { ErrorCode } from '../errors.ts';
import type { CommandLine } from '../io/exec.ts';
import type { Language, Profile, Variant } from '../project/names.ts';
import type { Project } from '../project/schema.ts';

export type { Profile, Variant } from '../project/names.ts';

/** One language's way from source to module. */
export interface Toolchain {
  readonly language: Language;
  /** The language as people write it: `TinyGo`. */
  readonly title: string;
  /** What `--toolchain auto` tries, in order: the first variant whose needed tools are all there. */
  readonly variants: readonly Exclude<Variant, 'container'>[];
  /** Image with the native tools, for `--toolchain container`. */
  readonly containerImage: string;
  /** Whether a folder with these names at its top (files and folders) is a project of this language. */
  detect(names: readonly string[]): boolean;
  /** What a variant needs, in the order in which it is looked for. A probe may run in the project's folder. */
  probes(variant: Variant): readonly Probe[];
  /** The build as data. Called when every needed probe was found. */
  plan(request: PlanRequest): BuildPlan;
  /** Globs of the sources, where they can be told of a project that `plan` cannot build: one with a command of its own. */
  inputs?(): readonly string[];
  /** Compiler messages in a tool's output. Paths as the tool wrote them (relative ones: to the project). */
  parseDiagnostics(output: string): readonly Diagnostic[];
  /** A known failure in a tool's output: what it means, what to do. Undefined: nothing is recognised. */
  explain(output: string): Advice | undefined;
  /** Pairs of versions that are known not to work together. */
  readonly knownBad: readonly KnownBad[];
  /** Names of the variables that the compiler heeds: with other values, what was built before is another module. */
  readonly environment: RegExp;
}

/** A tool that is looked for. Programs are started to learn their version; npm packages are read from disk. */
export type Probe = ProgramProbe | PackageProbe;

interface ProbeBase {
  /** Key in `PlanRequest.tools`. */
  readonly id: string;
  /** As people call it: `rustc`, `WASI standard library`. */
  readonly title: string;
  /** Lowest version that works. */
  readonly minimum?: string;
  /** The build works without it; the plan looks at `tools` to know. */
  readonly optional?: true;
  /** Looked for only when wasm-opt was asked for (and by doctor): starting a program costs a build time. */
  readonly onlyToOptimize?: true;
  /** The tool that is asked for it: where that one is not found, there is nothing to say of this. */
  readonly of?: string;
  /** Asks for something of the project, which is no tool: nothing is said of it where it is not found. */
  readonly ofProject?: true;
  /** How to get it (or get it newer); the first one that fits the system is shown, in this order. */
  readonly remedies: readonly Remedy[];
}

export interface ProgramProbe extends ProbeBase {
  readonly kind: 'program';
  /** Tried in order; the first that is on PATH (or an absolute path that exists) and exits 0 wins. cwd: the project. */
  readonly candidates: readonly CommandLine[];
  /** First group is the version. Default: the first x.y or x.y.z in stdout, then stderr. */
  readonly version?: RegExp;
  /** What the plan needs of stdout, as JSON data: it is kept, so that the next build can be planned before asking again. */
  readonly facts?: (stdout: string) => unknown;
  /**
   * The tool counts as there only when this glob matches below the folder that it printed on stdout
   * (`rustc --print target-libdir` prints a folder whether it exists or not).
   */
  readonly folderHas?: string;
  /** What a failure of the program means, from its output; where it is not known, its own words are told. */
  readonly explain?: (output: string) => string | undefined;
  /** What it means when the program is there but `folderHas` is not: `the target wasm32-wasip1 is not installed`. */
  readonly missingText?: string;
}

export interface PackageProbe extends ProbeBase {
  readonly kind: 'package';
  /** npm name. */
  readonly package: string;
  /** `project`: node_modules of the project or above it. `cache`: wasme's own tool cache (see provision.ts). */
  readonly from: 'project' | 'cache';
}

/** One way to get a tool. */
export interface Remedy {
  /** Only on these platforms; default: all. */
  readonly platforms?: readonly NodeJS.Platform[];
  /** Only where this program is on PATH: `apt-get`, `brew`, `rustup`. */
  readonly has?: string;
  /** What to type. Without it, `text` says what to do. */
  readonly command?: CommandLine;
  /** What has to succeed before `command` is typed. */
  readonly before?: CommandLine;
  /** Asks for root: `doctor --fix` only prints it. */
  readonly needsRoot?: true;
  /** A sentence, where no command does it. */
  readonly text?: string;
}

export type ProbeStatus = 'found' | 'missing' | 'too-old' | 'broken';

/** What was learnt about one tool. */
export interface ProbeResult {
  readonly id: string;
  readonly title: string;
  readonly status: ProbeStatus;
  /** Absolute path of the program, or of the package's folder. */
  readonly path?: string;
  readonly version?: string;
  /** Names under which the program was looked for, in order; the last is the one that was taken, if any was. */
  readonly searched?: readonly string[];
  /** What the probe's `facts` read in the answer: for probes that ask (`cargo metadata`), not just for a version. */
  readonly facts?: unknown;
  /** Why it is not `found`. */
  readonly problem?: string;
}

export interface PlanRequest {
  /** Absolute folder of the project. */
  readonly projectDir: string;
  /** Names of the files and folders at the project's top. */
  readonly names: readonly string[];
  /** Parsed wasme.json, where there is one. */
  readonly project: Project | undefined;
  /** Name of the module without `.wasm`. */
  readonly name: string;
  readonly profile: Profile;
  readonly variant: Variant;
  /** wasm-opt was asked for. */
  readonly optimize: boolean;
  /** DWARF is wanted; the build takes it out of the module afterwards. Always so in a debug build. */
  readonly debugInfo: boolean;
  /** Absolute folder for what the steps make; exists, is emptied by nobody, may lie inside the project's build/. */
  readonly scratchDir: string;
  /** Results of `probes(variant)` by id; needed ones are all `found`. */
  readonly tools: Readonly<Record<string, ProbeResult>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly homeDir: string;
}

/** What to do, in data: printed by --dry-run, executed by src/build.ts. */
export interface BuildPlan {
  /** Run one after the other; cwd defaults to the project. A non-zero exit code stops the build. */
  readonly steps: readonly CommandLine[];
  /** So many of the first steps do not need each other: they may run at the same time. */
  readonly independent?: number;
  /** Absolute path where the last step leaves the module; a folder when the steps choose the module's name. */
  readonly module: string;
  /** Files that belong to the module and go beside it (debug information, source map): where the steps leave them. */
  readonly sidecars?: readonly Sidecar[];
  /** Globs below the project of everything that decides the result; hashed to know whether to build at all. */
  readonly inputs: readonly string[];
  /** Absolute paths, there or not, of what else the tools go by: settings above the project or in the person's home. */
  readonly settings?: readonly string[];
  /** Absolute folders outside of the project that the steps read: a container has to be shown them. */
  readonly reads?: readonly string[];
  /** Run whatever happened before, after a failure or Ctrl-C too. */
  readonly cleanup?: readonly CommandLine[];
  /** Said when the steps succeed and leave no module: what is usually wrong. */
  readonly noModuleHint?: string;
  /**
   * A process that stays and builds on demand, for --watch: it reads one line per build on stdin, writes the module
   * to `module` (after the line "warm up": nothing), prints compiler output, then a line that is exactly `@@built 0` or
   * `@@built 1`.
   */
  readonly warm?: CommandLine;
}

export interface Sidecar {
  readonly path: string;
  /** Replaces `.wasm` in the module's final name: `.wasm.map`, `.debug.wasm`. */
  readonly suffix: string;
}

export interface Diagnostic {
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The column counts bytes, as clang and Go do, not characters. */
  readonly columnInBytes?: true;
  /** How many characters are underlined; default 1. */
  readonly length?: number;
}

export interface Advice {
  /** Default: BUILD_FAILED. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Two tools whose versions do not go together: `tinygo` <=0.39 with `go` >=1.26. Ranges as npm writes them. */
export interface KnownBad {
  readonly tools: readonly { readonly id: string; readonly range: string }[];
  readonly problem: string;
  readonly hint: string;
}
