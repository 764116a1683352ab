/** The hosts that suites are played on: named by flags, or by the project. */
import { WasmeError } from '../errors.ts';
import { type HostProfile, profileFor } from '../host/profiles.ts';
import type { SystemContext } from '../io/system-context.ts';
import { namedHosts } from '../project/hosts.ts';
import type { Project } from '../project/schema.ts';

export interface SuiteHost {
  /** As it was named: `istio@1.30`. */
  readonly text: string;
  readonly profile: HostProfile;
}

/**
 * Those of the flags; else `run.host`; else, with `every`, all that the project names; else the newest Envoy. Each
 * behaviour is there once. Fails with USAGE for an unknown host, and for one that the bundled host does not imitate.
 */
export function suiteHosts(
  asked: readonly string[],
  project: Project | undefined,
  every: boolean,
  system: SystemContext,
): SuiteHost[] {
  if (asked.length > 0) return distinct(asked.map(hostNamed));
  const own = project?.run?.host;
  const found = own === undefined ? [] : [hostNamed(own)];
  if (every && project !== undefined) {
    for (const { text } of namedHosts(project)) {
      try {
        found.push(hostNamed(text));
      } catch (error) {
        if (!(error instanceof WasmeError)) throw error;
        system.reporter.warn(`not played: ${error.message}`);
      }
    }
  }
  return found.length > 0 ? distinct(found) : [hostNamed(profileFor(undefined).name)];
}

function hostNamed(text: string): SuiteHost {
  return { text, profile: profileFor(text) };
}

function distinct(hosts: readonly SuiteHost[]): SuiteHost[] {
  const seen = new Map<string, SuiteHost>();
  for (const host of hosts) if (!seen.has(host.profile.name)) seen.set(host.profile.name, host);
  return [...seen.values()];
}
