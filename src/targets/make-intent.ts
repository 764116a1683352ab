/** Flags that every target shares, joined with the project: settings + source → intent. */
import { WasmeError } from '../errors.ts';
import type { Project } from '../project/schema.ts';
import { allowedCapabilities } from './capabilities.ts';
import { flagConfiguration, projectConfiguration } from './configuration.ts';
import type { DeployIntent, ModuleSummary } from './intent.ts';
import type { ResolvedSource } from './source.ts';
import type { FailPolicy, FilterKind } from '../project/names.ts';

export interface FilterSettings {
  readonly id?: string | undefined;
  readonly kind?: FilterKind | undefined;
  readonly rootId?: string | undefined;
  readonly vmId?: string | undefined;
  /** Text or @file. */
  readonly configuration?: string | undefined;
  /** Text or @file; for the VM as a whole. */
  readonly vmConfiguration?: string | undefined;
  /** NAME=VALUE sets a variable, NAME passes it on from the proxy. */
  readonly env?: readonly string[] | undefined;
  readonly failPolicy?: FailPolicy | undefined;
  readonly runtime?: string | undefined;
  /** `auto`: what the module imports and exports. */
  readonly allowCapabilities?: 'auto' | readonly string[] | undefined;
  readonly allowOnHeadersStopIteration?: boolean | undefined;
}

/** The target's own part of `deploy` in wasme.json, as far as it says what flags say. */
export type ProjectDefaults = Partial<
  Pick<NonNullable<NonNullable<Project['deploy']>['envoy']>, 'id' | 'failPolicy' | 'env'>
>;

/**
 * Flags win over the project's `deploy` part, which wins over the project. The configuration is checked against the
 * project's schema: DEPLOY_CONFIGURATION.
 */
export async function makeIntent(
  settings: FilterSettings,
  source: ResolvedSource,
  defaults: ProjectDefaults | undefined,
  module: ModuleSummary | undefined,
  cwd: string,
): Promise<DeployIntent> {
  const project = source.project?.project;
  const found =
    settings.configuration !== undefined
      ? await flagConfiguration(settings.configuration, '--config', cwd)
      : source.project && (await projectConfiguration(source.project));
  const schema = project?.configurationSchema;
  if (source.project !== undefined && schema !== undefined) {
    const { checkConfiguration } = await import('./configuration-check.ts');
    await checkConfiguration(source.project, schema, found);
  }
  const vm = settings.vmConfiguration;
  const vmConfiguration = vm === undefined ? undefined : await flagConfiguration(vm, '--vm-config', cwd);
  const { env, hostEnv } = variables(settings.env ?? [], defaults?.env);
  return {
    id: checkId(settings.id ?? defaults?.id ?? source.name),
    kind: settings.kind ?? project?.kind ?? 'http',
    rootId: settings.rootId ?? project?.rootId ?? source.rootIds[0] ?? '',
    vmId: settings.vmId ?? project?.vmId ?? '',
    runtime: (settings.runtime ?? 'v8').replace(/^envoy\.wasm\.runtime\./, ''),
    code: source.code,
    ...(found === undefined ? {} : { configuration: found.configuration }),
    ...(vmConfiguration === undefined ? {} : { vmConfiguration: vmConfiguration.configuration }),
    env,
    hostEnv,
    failPolicy: settings.failPolicy ?? defaults?.failPolicy,
    allowedCapabilities: await allowedCapabilities(settings.allowCapabilities, module),
    allowOnHeadersStopIteration: settings.allowOnHeadersStopIteration,
    ...(module === undefined ? {} : { module }),
  };
}

/** `NAME=value` and `NAME`; the project's values where no flag names the variable. Fails with USAGE. */
function variables(
  flags: readonly string[],
  defaults: Readonly<Record<string, string>> = {},
): Pick<DeployIntent, 'env' | 'hostEnv'> {
  // A variable may be called __proto__, which an ordinary object would not keep.
  const env = Object.create(null) as Record<string, string>;
  const hostEnv: string[] = [];
  for (const text of flags) {
    if (!/^[^=\s]/.test(text)) {
      throw new WasmeError('USAGE', `${JSON.stringify(text)} names no variable`, {
        hint: 'write --env NAME=value, or --env NAME to pass one on',
      });
    }
    const at = text.indexOf('=');
    if (at >= 0) env[text.slice(0, at)] = text.slice(at + 1);
    else if (!hostEnv.includes(text)) hostEnv.push(text);
  }
  const twice = hostEnv.find(name => Object.hasOwn(env, name));
  if (twice !== undefined) {
    throw new WasmeError('USAGE', `the variable ${twice} is both set and passed on from the proxy`, {
      hint: `name ${twice} once: --env ${twice}=value sets it, --env ${twice} passes it on`,
    });
  }
  const kept = Object.entries(defaults).filter(([name]) => !hostEnv.includes(name));
  return { env: { ...Object.fromEntries(kept), ...env }, hostEnv };
}

/** Names go into statistics, file names and YAML keys, so the wide set of DNS labels with dots and dashes has to do. */
function checkId(id: string): string {
  if (/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(id)) return id;
  throw new WasmeError('USAGE', `"${id}" cannot be the name of a filter`, {
    hint: 'use letters, digits, ".", "_" and "-", beginning and ending with a letter or digit (--id)',
  });
}
