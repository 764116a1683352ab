/** Beyond HTTP filters too the bundled host does what Envoy was recorded to do (test/real/scenarios-network.test.ts records). */
import { describe, expect, it } from 'vitest';
import { runNetworkInOurs } from '../helpers/scenario/network-ours.ts';
import { plain, readRecording } from '../helpers/scenario/recording.ts';
import { networkDifferences, networkScenarios } from '../scenarios/network.ts';

for (const version of ['1.40', '1.36'] as const) {
  const recorded = readRecording(version, 'network-');
  const known = new Set(
    networkDifferences.filter(({ envoy }) => envoy.includes(version)).flatMap(({ scenarios }) => scenarios),
  );
  describe.concurrent(`as Envoy ${version}: network`, () => {
    // Retried because a busy machine can join two writes of a peer into one read, here as in Envoy.
    it.each(networkScenarios)('$id', { retry: 2 }, async scenario => {
      const outcome = plain(await runNetworkInOurs(version, scenario));
      if (known.has(scenario.id)) expect(outcome).not.toEqual(recorded[scenario.id]);
      else expect(outcome).toEqual(recorded[scenario.id]);
    });
  });
}
