/** `wasme deploy`: source + flags + project → intent → the target's plan → printed, written, diffed or applied. */
import { dirname, join, resolve } from 'node:path';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { rewrite, writeAtomic } from './io/files/files.ts';
import { cacheDir } from './io/files/paths.ts';
import { imageAccess } from './oci/image-access.ts';
import type { RegistryTargetOptions } from './oci/registry/registry.ts';
import { type TargetName, type TargetOptions, loadTarget } from './targets/index.ts';
import { type DeployIntent, intentHash } from './targets/intent.ts';
import { readModule } from './targets/module.ts';
import { reachWarnings } from './targets/code-warnings.ts';
import { type FilterSettings, makeIntent } from './targets/make-intent.ts';
import { resolveFilter } from './targets/resolve.ts';
import { type ResolvedSource, resolveSource } from './targets/source.ts';
import type { AppliedObject, Plan, PlannedFile, StatusRow, DeployTarget } from './targets/target.ts';
import { explanations, plain } from './targets/annotated-document.ts';
import { waitUntilLoaded } from './targets/wait.ts';
import { renderYaml } from './targets/yaml.ts';

export interface DeployOptions<Name extends TargetName = TargetName> extends FilterSettings {
  readonly target: Name;
  /** Project folder, .wasm file, URL or image; default: the project around the current folder. */
  readonly source?: string | undefined;
  readonly targetOptions: TargetOptions[Name];
  /** A digest that the code must have; false: write none. Default: pin what is there now. */
  readonly digest?: string | boolean | undefined;
  /** File for the documents; default: they are only in the result. */
  readonly output?: string | undefined;
  /** Give the documents to the control plane. */
  readonly apply?: boolean | undefined;
  /** After applying: milliseconds to wait until the filter runs. undefined: do not look. */
  readonly waitMs?: number | undefined;
  /** Change nothing: no file is written, nothing is applied. */
  readonly dryRun?: boolean | undefined;
  /** Connection to registries: certificates, credentials, plain HTTP. */
  readonly registry?: RegistryTargetOptions | undefined;
  /** Deploy although the target would not load the module or its packaging. */
  readonly force?: boolean | undefined;
  /** Called with a diff before an object that others own too is changed. Absent: it is changed without a question. */
  readonly confirm?: ((diff: string) => Promise<boolean>) | undefined;
  /** Compare with what is there; nothing is applied. */
  readonly diff?: boolean | undefined;
  /** Reasons as comments in the text. */
  readonly explain?: boolean | undefined;
}

export interface DeployResult {
  readonly target: TargetName;
  readonly id: string;
  /** Digest of the whole request; another request has another one. */
  readonly hash: string;
  readonly code: DeployIntent['code'];
  readonly documents: readonly { readonly name: string; readonly content: unknown }[];
  /** The documents as YAML, or the edited file. */
  readonly text: string;
  readonly explanations: readonly {
    readonly document: string;
    readonly field: string;
    readonly reason: string;
  }[];
  /** Files that were written, or would be with `dryRun`. */
  readonly files: readonly WrittenFile[];
  /** Files of earlier runs that were removed because no document names them. */
  readonly removed: readonly string[];
  readonly applied: readonly AppliedObject[];
  /** With `diff`: what would change; empty when nothing. */
  readonly diff?: string;
  /** With `waitMs`: every place where the filter runs. */
  readonly status?: readonly StatusRow[];
  readonly warnings: readonly string[];
  /** Command lines that the user has to run, if nothing is applied. */
  readonly notes: readonly string[];
}

export interface WrittenFile {
  readonly path: string;
  readonly kind: 'module' | 'document';
  readonly written: boolean;
}

/** Fails with DEPLOY_* codes, and with what looking up the source fails with; nothing is written then. */
export async function deploy<Name extends TargetName>(
  options: DeployOptions<Name>,
  system: SystemContext,
): Promise<DeployResult> {
  const target = await loadTarget(options.target);
  const output = options.output === undefined ? undefined : resolve(system.cwd, options.output);
  const folder = target.moduleFolder?.(options.targetOptions);
  const moduleFolder = folder ?? (output === undefined ? join(cacheDir(system), 'modules') : dirname(output));
  const host = options.force ? undefined : (target.host?.(options.targetOptions) ?? 'envoy');
  const source = await resolveSource(options.source, {
    cwd: system.cwd,
    places: system,
    accepts: target.accepts,
    digest: options.digest ?? true,
    images: imageAccess(system, { host, registry: options.registry }),
    fetchModule: async url =>
      (await import('./io/http/download.ts')).download(url, options.registry ?? {}, system),
    modulePath: (name, digest) => join(moduleFolder, `${name}-${digest.slice(7, 23)}.wasm`),
    copyFiles: folder !== undefined,
  });
  const { id, targetOptions, defaults } = resolveFilter(
    options.target,
    target,
    { id: options.id, targetOptions: options.targetOptions },
    source.project?.project,
    source.name,
  );
  // An image was judged with its module when it was opened.
  const judge = source.code.from === 'image' ? undefined : host;
  const module = source.bytes && readModule(source.bytes, label(source), judge);
  const filter = await makeIntent({ ...options, id }, source, defaults, module, system.cwd);
  const placement = Object.entries(target.placement?.(targetOptions) ?? {}).filter(
    ([, value]) => value !== undefined,
  );
  const intent = placement.length === 0 ? filter : { ...filter, placement: Object.fromEntries(placement) };
  const facts = await target.observe(intent, targetOptions, system);
  const plan = target.plan(intent, targetOptions, facts);
  const diff = options.diff ? await diffPlan(target, plan, targetOptions, system) : undefined;
  if (options.apply && !options.dryRun)
    await agree(options.confirm, plan.shared, () => diffPlan(target, plan, targetOptions, system));
  const text =
    plan.text ??
    renderYaml(
      plan.documents.map(({ content }) => content),
      { explain: options.explain === true },
    );
  // What the cluster refuses leaves no file behind either.
  const applied =
    options.apply && !options.dryRun ? await applyPlan(target, plan, targetOptions, system) : [];
  const files = await writeFiles(
    plan,
    source,
    output === undefined ? undefined : { path: output, data: text },
    options.dryRun === true,
  );
  const removed = options.dryRun ? [] : ((await target.tidy?.(intent, targetOptions, system)) ?? []);
  const warnings = [...plan.warnings, ...(target.runsHere ? [] : reachWarnings(intent.code))];
  for (const warning of warnings) system.reporter.warn(warning);
  for (const note of plan.notes ?? []) system.reporter.info(note);
  const rows =
    options.waitMs === undefined || applied.length === 0
      ? undefined
      : await waitUntilLoaded(target, intent, targetOptions, options.waitMs, system);
  return {
    target: options.target,
    id: intent.id,
    hash: intentHash(intent),
    code: intent.code,
    documents: plan.documents.map(({ name, content }) => ({ name, content: plain(content) })),
    text,
    explanations: plan.documents.flatMap(({ name, content }) =>
      explanations(content).map(({ path, reason }) => ({ document: name, field: path.join('.'), reason })),
    ),
    files,
    removed,
    applied,
    ...(diff === undefined ? {} : { diff }),
    ...(rows === undefined ? {} : { status: rows }),
    warnings,
    notes: plan.notes ?? [],
  };
}

function label({ code }: ResolvedSource): string {
  return code.from === 'http' ? code.url : code.from === 'image' ? code.reference : code.path;
}

async function diffPlan<Options>(
  target: DeployTarget<Options, unknown>,
  plan: Plan,
  options: Options,
  system: SystemContext,
): Promise<string> {
  if (target.diff !== undefined) return target.diff(plan, options, system);
  throw new WasmeError('USAGE', `there is nothing that documents for ${target.name} could be compared with`, {
    hint: 'leave --diff out',
  });
}

/** Fails with DEPLOY_DECLINED. */
async function agree(
  confirm: DeployOptions['confirm'],
  shared: readonly string[] = [],
  diffOf: () => Promise<string>,
): Promise<void> {
  if (confirm === undefined || shared.length === 0) return;
  const diff = await diffOf();
  if (diff === '' || (await confirm(diff))) return;
  throw new WasmeError('DEPLOY_DECLINED', `nothing was applied to ${shared.join(', ')}`, {
    hint: '--yes applies without a question',
  });
}

/** The module of an image, the plan's own files, then the documents: a document never names a file that is not there. */
async function writeFiles(
  plan: Plan,
  source: ResolvedSource,
  output: PlannedFile | undefined,
  dryRun: boolean,
): Promise<readonly WrittenFile[]> {
  const module =
    source.extracted && source.bytes !== undefined && source.code.from === 'file'
      ? [{ path: source.code.path, data: source.bytes, kind: 'module' as const }]
      : [];
  const documents = [...plan.files, ...(output === undefined ? [] : [output])];
  const files = [...module, ...documents.map(file => ({ ...file, kind: 'document' as const }))];
  if (!dryRun) {
    // Envoy reads a file again only when another is renamed to its own path, so these files are never written through links.
    for (const file of files)
      await (file.path === output?.path ? rewrite : writeAtomic)(file.path, file.data);
  }
  return files.map(({ path, kind }) => ({ path, kind, written: !dryRun }));
}

async function applyPlan<Options>(
  target: DeployTarget<Options, unknown>,
  plan: Plan,
  options: Options,
  system: SystemContext,
): Promise<readonly AppliedObject[]> {
  if (target.apply !== undefined) return target.apply(plan, options, system);
  throw new WasmeError('USAGE', `there is nothing that documents for ${target.name} could be applied to`, {
    hint: 'write them with -o and start the proxy with them',
  });
}
