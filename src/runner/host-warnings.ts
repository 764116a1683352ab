/** Warns of differences that a run cannot show: how its filters would behave on the hosts that the project names. */
import { profileDifferences } from '../host/profile-differences.ts';
import { type HostProfile, profileOf } from '../host/profiles.ts';
import { namedHosts } from '../project/hosts.ts';
import { parseModule } from '../wasm/module.ts';
import type { RunnableFilter } from './load-filters.ts';

/** One sentence for each host that a project names and filter that would behave otherwise there than `here`. */
export function hostWarnings(filters: readonly RunnableFilter[], here: HostProfile): string[] {
  const named = filters.flatMap(({ project }) => (project === undefined ? [] : namedHosts(project.project)));
  const hosts = new Map(named.map(host => [host.text, host]));
  return [...hosts.values()].flatMap(({ text, envoyMinor }) =>
    filters.flatMap(({ plan, kind }) => {
      const { module: bytes, failurePolicy, allowOnHeadersStopIteration, name } = plan;
      const use = { info: parseModule(bytes), bytes, kind, failurePolicy, allowOnHeadersStopIteration };
      const differences = profileDifferences(use, here, profileOf(envoyMinor));
      if (differences.length === 0) return [];
      return [`on ${text} (Envoy 1.${envoyMinor}) ${name} behaves differently: ${differences.join('; ')}`];
    }),
  );
}
