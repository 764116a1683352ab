/** The interface of a deploy target. `plan` is pure; the members that read or change something outside get `system`. */
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
  /** Returns the host that modules are checked for, as `envoy@1.36`. Absent: the newest Envoy. */
  host?(options: Options): string;
  /** Folder that modules are copied to under the digest of their content. Absent: they stay where they are. */
  moduleFolder?(options: Options): string | undefined;
  /** Returns the options, filled from the project (mostly its `deploy` section) where a flag is absent. Pure. */
  withProject?(options: Options, deploy: NonNullable<Project['deploy']>, project: Project): Options;
  /** Returns the options that are part of the intent and of its hash. Pure. */
  placement?(options: Options): Readonly<Record<string, unknown>>;
  /** Reads the cluster's version, the person's own file and the like. Changes nothing. */
  observe(intent: DeployIntent, options: Options, system: SystemContext): Promise<Facts>;
  /** Same input, same plan. Fails with DEPLOY_UNSUPPORTED when the target or its version cannot say what is asked. */
  plan(intent: DeployIntent, options: Options, facts: Facts): Plan;
  /** Removes, after files were written, the files of earlier runs that no document names; returns their paths. */
  tidy?(intent: DeployIntent, options: Options, system: SystemContext): Promise<readonly string[]>;
  /** Applies the plan to the control plane. Absent where a plan is files only. */
  apply?(plan: Plan, options: Options, system: SystemContext): Promise<readonly AppliedObject[]>;
  /** Returns the changes that `apply` would make as a unified diff; empty when there are none. */
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
  /** Returns the status of the filter in each proxy. A proxy that does not answer is a row, not a failure. */
  status(request: StatusRequest): Promise<readonly StatusRow[]>;
}

export interface UndeployRequest {
  readonly id: string;
  /** Change nothing. */
  readonly dryRun: boolean;
}

export interface Undeployment {
  readonly changed: readonly AppliedObject[];
  /** A person's file without the filter. The caller writes it. */
  readonly text?: string;
  /** Unified diff of the removal; empty or absent when nothing changes. */
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
  /** The whole text instead of `documents`, when the user's own file was edited. */
  readonly text?: string;
  /** Written before anything is printed; paths are absolute. */
  readonly files: readonly PlannedFile[];
  /** Shown as warnings. */
  readonly warnings: readonly string[];
  /** Objects of others that would be changed. */
  readonly shared?: readonly string[];
  /** Command lines to type next, for targets that wasme does not apply to. */
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
