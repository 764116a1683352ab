/** Turns an operand of `run` (project, .wasm file, image) with its settings into a filter of a run plan. */
import { dirname, resolve } from 'node:path';
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { type ImageLookup, imageAccess } from '../oci/image-access.ts';
import type { LoadedProject } from '../project/load.ts';
import { type DeployIntent, configurationText } from '../targets/intent.ts';
import { readModule } from '../targets/module.ts';
import { type FilterSettings, makeIntent } from '../targets/make-intent.ts';
import { type ResolvedSource, resolveSource } from '../targets/source.ts';
import type { FilterPlan } from './run-plan.ts';
import type { RunFilter, RunOptions } from './run-options.ts';

export interface RunnableFilter {
  readonly plan: FilterPlan;
  /** The intent that a deployment of the filter would have. */
  readonly intent: DeployIntent;
  readonly kind: DeployIntent['kind'];
  readonly project: LoadedProject | undefined;
  /** Source of the module: a path, or the image. */
  readonly source: string;
  readonly digest: string;
  /** Files that decide what runs: a change of one of them is a reason to load again. */
  readonly files: readonly string[];
}

/** One filter for each target, the project here for none. Fails as `loadFilter` does, and with USAGE. */
export async function loadFilters(options: RunOptions, system: SystemContext): Promise<RunnableFilter[]> {
  const targets = options.targets?.length ? options.targets : [undefined];
  const configurations = options.configurations ?? [];
  if (configurations.length > targets.length) {
    throw new WasmeError('USAGE', `${configurations.length} configurations for ${targets.length} filters`, {
      hint: 'the first --config is for the first filter, the second for the second, and so on',
    });
  }
  const images = imageAccess(system, { registry: options.registry });
  const loaded: RunnableFilter[] = [];
  for (const [index, target] of targets.entries()) {
    const settings = { ...options, configuration: configurations[index] };
    loaded.push(await loadFilter(target, settings, images, system));
  }
  return loaded;
}

/** Fails with FILE_NOT_FOUND, PROJECT_NOT_FOUND, PROJECT_INVALID, DEPLOY_CONFIGURATION, USAGE, and as `extractImage` does. */
async function loadFilter(
  operand: string | undefined,
  settings: FilterSettings,
  images: ImageLookup,
  system: SystemContext,
): Promise<RunnableFilter> {
  const source = await resolveSource(operand, {
    cwd: system.cwd,
    accepts: ['file'],
    digest: false,
    images,
    fetchModule: url => {
      throw new WasmeError('USAGE', `${url} cannot be run from its URL`, {
        hint: 'download it and name the file',
      });
    },
    modulePath: name => name,
  });
  const project = source.project?.project;
  const module =
    settings.allowCapabilities === 'auto' && source.bytes !== undefined
      ? readModule(source.bytes, source.name, undefined)
      : undefined;
  const intent = await makeIntent(settings, source, { env: project?.run?.env }, module, system.cwd);
  return {
    plan: filterPlan(intent, source, system),
    intent,
    kind: intent.kind,
    project: source.project,
    source: source.code.from === 'file' ? (source.code.image ?? source.code.path) : '',
    digest: source.code.from === 'file' ? source.code.digest : '',
    files: filesOf(source, settings, system.cwd),
  };
}

/** Returns the fields of a filter that a result of `run` has. */
export function filterFacts({ plan: { name, rootId, vmId }, source, digest }: RunnableFilter): RunFilter {
  return { name, source, digest, rootId, vmId };
}

function filterPlan(intent: DeployIntent, { bytes }: ResolvedSource, system: SystemContext): FilterPlan {
  const variables = new Map(Object.entries(intent.env));
  for (const name of intent.hostEnv) {
    const value = Object.hasOwn(system.env, name) ? system.env[name] : undefined;
    if (value !== undefined) variables.set(name, value);
  }
  return {
    name: intent.id,
    module: bytes ?? new Uint8Array(),
    rootId: intent.rootId,
    vmId: intent.vmId,
    configuration: bytesOf(intent.configuration),
    vmConfiguration: bytesOf(intent.vmConfiguration),
    environmentVariables: Object.fromEntries(variables),
    failurePolicy: intent.failPolicy ?? 'closed',
    allowOnHeadersStopIteration: intent.allowOnHeadersStopIteration ?? false,
    allowedCapabilities: intent.allowedCapabilities ?? [],
  };
}

function bytesOf(configuration: DeployIntent['configuration']): Uint8Array {
  if (configuration === undefined) return new Uint8Array();
  return configuration.form === 'bytes'
    ? configuration.bytes
    : new TextEncoder().encode(configurationText(configuration));
}

function filesOf({ code, project }: ResolvedSource, settings: FilterSettings, cwd: string): string[] {
  const files = code.from === 'file' && code.image === undefined ? [code.path] : [];
  if (project !== undefined) files.push(project.file);
  const own = project?.project.configuration;
  if (typeof own === 'string' && /^(@|\.\/)/.test(own) && project !== undefined) {
    files.push(resolve(dirname(project.file), own.replace(/^@/, '')));
  }
  for (const text of [settings.configuration, settings.vmConfiguration]) {
    if (text?.startsWith('@')) files.push(resolve(cwd, text.slice(1)));
  }
  return files;
}
