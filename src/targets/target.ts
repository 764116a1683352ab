/** A place where filters are deployed. `plan` is pure; what touches the world is named for what it does and gets system. */
import type { SystemContext } from '../io/system-context.ts';
import type { Project } from '../project/schema.ts';
import type { DeployIntent, IntentCode } from './intent.ts';
import type { AnnotatedDocument } from './annotated-document.ts';

/** `Options` are the target's own flags; `Facts` is what `observe` reads before documents can be made. */
export interface DeployTarget<Options, Facts = undefined>
  extends Partial<StatusSupport<Options>>,
    Partial<UndeploySupport<Options>> {
  readonly name: string;
  /** Its proxies run on the person's machine, so code at `localhost` is within their reach. */
  readonly runsHere?: true;
  /** Forms of code this target can be given, preferred one first. An image is pulled into a file where only files are. */
  readonly accepts: readonly IntentCode['from'][];
  /** What modules will run in, as `envoy@1.36`, to judge them by. Absent: the newest Envoy. */
  host?(options: Options): string;
  /** Folder that modules are copied to under the digest of their content. Absent: they stay where they are. */
  moduleFolder?(options: Options): string | undefined;
  /** The options with what the project says where they say nothing; most of it stands in its `deploy` part. Pure. */
  withProject?(options: Options, deploy: NonNullable<Project['deploy']>, project: Project): Options;
  /** Those of the options that are asked for like the intent is, and count for its hash. Pure. */
  placement?(options: Options): Readonly<Record<string, unknown>>;
  /** Reads, changes nothing: the cluster's version, the person's own file. */
  observe(intent: DeployIntent, options: Options, system: SystemContext): Promise<Facts>;
  /** Same input, same plan. Fails with DEPLOY_UNSUPPORTED when the target or its version cannot say what is asked. */
  plan(intent: DeployIntent, options: Options, facts: Facts): Plan;
  /** After files were written: takes out what earlier runs left there and nothing names any more; gives the paths. */
  tidy?(intent: DeployIntent, options: Options, system: SystemContext): Promise<readonly string[]>;
  /** Gives the plan to the control plane. Absent where a plan is files only. */
  apply?(plan: Plan, options: Options, system: SystemContext): Promise<readonly AppliedObject[]>;
  /** What `apply` would change, as a unified diff; empty when nothing. */
  diff?(plan: Plan, options: Options, system: SystemContext): Promise<string>;
}

/** Of a target that `wasme status` can ask. */
export interface StatusSupport<Options> {
  /** Returns a function that starts a new look at what is deployed. */
  inquire(options: Options, system: SystemContext): () => StatusReader;
}

/** Of a target that `wasme undeploy` can take a filter out of. */
export interface UndeploySupport<Options> {
  /** Deletes the objects that belong to the filter alone, and removes its part of shared ones. */
  undeploy(request: UndeployRequest, options: Options, system: SystemContext): Promise<Undeployment>;
}

/** A target that all three verbs know. */
export type LiveTarget<Options, Facts = undefined> = DeployTarget<Options, Facts> &
  StatusSupport<Options> &
  UndeploySupport<Options>;

/** Questions of one look: what was read for one of them is not read again for the next. */
export interface StatusReader {
  /** Names of the filters that are there: all that a proxy has, or all of ours in a cluster. */
  filters(): Promise<readonly string[]>;
  /** How the filter fares where it was deployed. A proxy that does not answer is a row, not a failure. */
  status(request: StatusRequest): Promise<readonly StatusRow[]>;
}

export interface UndeployRequest {
  readonly id: string;
  /** Change nothing. */
  readonly dryRun: boolean;
}

export interface Undeployment {
  readonly changed: readonly AppliedObject[];
  /** A person's file without the filter. It is not written: that is asked for apart. */
  readonly text?: string;
  /** Unified diff of what goes; empty or absent where there is none. */
  readonly diff?: string;
}

export interface StatusRequest {
  readonly id: string;
  /** Digest that should run: of the module for plain Envoy, of the image manifest in a mesh. */
  readonly expected: string | undefined;
}

export interface Plan {
  /** In the order they are printed and applied. */
  readonly documents: readonly PlannedDocument[];
  /** The whole text instead of `documents`, when a person's own file was edited. */
  readonly text?: string;
  /** Written before anything is printed; paths are absolute. */
  readonly files: readonly PlannedFile[];
  /** What a person should know although it is no failure; shown as warnings. */
  readonly warnings: readonly string[];
  /** Objects of others that would be changed. */
  readonly shared?: readonly string[];
  /** What to type next, where nothing is applied for a person. */
  readonly notes?: readonly string[];
}

export interface PlannedDocument {
  /** File name, or `kind/name` of an object in a cluster. */
  readonly name: string;
  readonly content: AnnotatedDocument;
}

/** Written unless nothing may be changed. */
export interface PlannedFile {
  readonly path: string;
  readonly data: string | Uint8Array;
}

export interface AppliedObject {
  /** `WasmPlugin/bookinfo/add-header`. */
  readonly name: string;
  readonly result: 'created' | 'configured' | 'unchanged' | 'deleted' | 'restored';
}

/** One filter in one proxy (or one object in a cluster), as `status` shows it. */
export interface StatusRow {
  /** The proxy's admin address, pod, gateway or object. */
  readonly where: string;
  readonly filter: string;
  readonly state: StatusState;
  /** Digest that runs; undefined when it cannot be seen. */
  readonly digest: string | undefined;
  /** Digest that was meant; undefined when nothing was named to compare with. */
  readonly expected: string | undefined;
  /** Times the module was started again after a crash. */
  readonly restarts: number;
  /** One sentence: what is wrong and since which counter, or empty. */
  readonly detail: string;
}

/** `loaded` is the only healthy one. */
export type StatusState =
  | 'loaded'
  | 'other-digest'
  | 'failing'
  | 'fail-open'
  | 'rejected'
  | 'missing'
  | 'unreachable';
