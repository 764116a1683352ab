/** Beyond HTTP filters too the bundled host does what Envoy was recorded to do (test/real/host/scenarios-network.test.ts records). */
import { describe, expect, it } from 'vitest';
import { runNetworkInOurs } from '../helpers/scenario/bundled/network-bundled.ts';
import { networkAtPace, paceOf } from '../helpers/scenario/pace.ts';
import { heldVersions, plain } from '../helpers/scenario/recording.ts';
import { networkDifferences, networkScenarios } from '../scenarios/network/network.ts';

for (const { version, recorded, known, holds } of heldVersions('network-', networkDifferences)) {
  const scenarios = networkScenarios.filter(holds);
  describe.concurrent(`as Envoy ${version}: network`, () => {
    // Retried, slower, because a busy machine can join two writes of a peer into one read, here as in Envoy.
    it.for(scenarios)('$id', { retry: 2 }, async (scenario, { task }) => {
      const pace = paceOf(task.result?.retryCount ?? 0);
      const expected = known.has(scenario.id) ? undefined : recorded[scenario.id];
      const outcome = plain(await runNetworkInOurs(version, networkAtPace(scenario, pace), expected));
      if (known.has(scenario.id)) expect(outcome).not.toEqual(recorded[scenario.id]);
      else expect(outcome).toEqual(recorded[scenario.id]);
    });
  });
}
