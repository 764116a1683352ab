/** The deploy target `envoy`: a bootstrap of its own, or an edited file of a person, for an Envoy that is run by hand. */
import { WasmeError } from '../../errors.ts';
import { readText } from '../../io/files.ts';
import type { Project } from '../../project/schema.ts';
import type { DeployIntent } from '../intent.ts';
import type { Plan, Target } from '../target.ts';
import { bootstrap, clustersOf, pluginOf } from './bootstrap.ts';
import { addToFile } from './edit.ts';
import { wasmEntry } from './filters.ts';
import type { EnvoyOptions } from './options.ts';
import { undeployEnvoy } from './undeploy.ts';
import { envoyVersion } from './versions.ts';

export interface EnvoyFacts {
  /** Text of the file that is to be edited. */
  readonly text?: string;
}

export const envoyTarget: Target<EnvoyOptions, EnvoyFacts> = {
  name: 'envoy',
  accepts: ['file', 'http', 'proxy-file'],
  host: ({ version }) => `envoy@${envoyVersion(version).text}`,
  withProject,
  async observe(_intent, options) {
    return options.in === undefined ? {} : { text: await readText(options.in) };
  },
  plan(intent, options, facts) {
    requireDigest(intent);
    const warnings = warningsFor(intent);
    if (facts.text === undefined || options.in === undefined) {
      return {
        documents: [{ name: 'envoy.yaml', content: bootstrap(intent, options) }],
        files: [],
        warnings,
      };
    }
    const entry = wasmEntry(intent.kind, intent.id, pluginOf(intent, options));
    const addition = { intent, entry, clusters: clustersOf(intent, options) };
    const text = addToFile(facts.text, addition, { path: options.in, listener: options.listener });
    return { documents: [{ name: 'filter', content: entry }], text, files: [], warnings } satisfies Plan;
  },
  undeploy: undeployEnvoy,
};

/** `deploy.envoy` first; the clusters and the upstream of `run` are what the filter was tried with. */
function withProject(
  options: EnvoyOptions,
  deploy: NonNullable<Project['deploy']>,
  { run }: Project,
): EnvoyOptions {
  return {
    ...options,
    version: options.version ?? deploy.envoy?.version,
    listener: options.listener ?? deploy.envoy?.listener,
    upstream: options.upstream ?? (run?.upstream === 'echo' ? undefined : run?.upstream),
    clusters: { ...run?.clusters, ...options.clusters },
  };
}

function requireDigest({ code }: DeployIntent): void {
  if (code.from !== 'http' || code.digest !== undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', 'Envoy does not fetch code without its digest', {
    hint: 'leave --no-digest out, or give the digest with --digest sha256:…',
  });
}

function warningsFor({ runtime }: DeployIntent): string[] {
  return runtime === 'v8' ? [] : [`official builds of Envoy cannot run "${runtime}", only v8`];
}
