/** Chooses the runners of cases: the bundled host as one or several hosts, or a real Envoy. */
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import type { Project } from '../project/schema.ts';
import { suiteHosts } from './hosts.ts';
import { playCase } from './bundled/play.ts';
import type { SuiteRunner } from './suite-runner.ts';

export interface RunnerOptions {
  readonly hosts?: readonly string[] | undefined;
  readonly matrix?: boolean | undefined;
  readonly update?: boolean | undefined;
  readonly envoy?: string | true | undefined;
}

/** Fails with USAGE for unknown hosts and for options that exclude each other, and as `findEnvoy` does. */
export async function openRunners(
  options: RunnerOptions,
  project: Project | undefined,
  system: SystemContext,
): Promise<readonly SuiteRunner[]> {
  const { hosts: asked = [], matrix = false, update = false, envoy } = options;
  if (envoy !== undefined) {
    if (asked.length > 0) throw unfit('--host', 'the Envoy that is started is the host');
    if (update) throw unfit('--update', 'only results of the bundled host are written');
    const { envoyRunner } = await import('./envoy/envoy-runner.ts');
    return [await envoyRunner(envoy === true ? undefined : envoy, system)];
  }
  const hosts = suiteHosts(asked, project, matrix, system);
  if (update && (matrix || hosts.length > 1)) {
    throw new WasmeError('USAGE', '--update writes what one host shows, and several are asked for', {
      hint: 'leave out --matrix, and name one --host',
    });
  }
  return hosts.map(({ text, profile }) => ({
    text,
    play: async (testCase, { name, module, rootId, configurationOf }, cut) => {
      const configuration = await configurationOf(testCase);
      return playCase(testCase, { name, module, rootId, configuration, profile, cut });
    },
  }));
}

function unfit(flag: string, reason: string): WasmeError {
  return new WasmeError('USAGE', `${flag} is not possible with --envoy: ${reason}`, {
    hint: `leave out ${flag}, or --envoy`,
  });
}
