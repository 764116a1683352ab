/** Plays suites in a real Envoy, which is found once and started for each case. */
import type { SystemContext } from '../../io/system-context.ts';
import { envoyRelease, findEnvoy } from '../../targets/envoy/launch.ts';
import type { SuiteRunner } from '../suite-runner.ts';
import { playInEnvoy } from './play.ts';

/** `path`: the program; undefined: the one on PATH. Fails with TOOL_MISSING and TOOL_FAILED. */
export async function envoyRunner(path: string | undefined, system: SystemContext): Promise<SuiteRunner> {
  const envoy = findEnvoy({ path }, system);
  const release = await envoyRelease(envoy, system);
  return {
    text: `Envoy ${release}`,
    play: async (testCase, { name, modulePath, rootId, configurationOf }, cut) => {
      const configuration = await configurationOf(testCase);
      const options = { name, modulePath, rootId, configuration, cut, envoy, release };
      return { result: await playInEnvoy(testCase, options, system), edits: [] };
    },
  };
}
