/** The recording of network filters, gRPC, loggers and services is what real Envoy does today. WASME_UPDATE=1 records again. */
import { beforeAll, expect, it } from 'vitest';
import { envoyVersions } from '../../helpers/scenario/envoy/envoy.ts';
import { runNetworkInEnvoy } from '../../helpers/scenario/envoy/network-envoy.ts';
import type { NetworkOutcome } from '../../helpers/scenario/network.ts';
import { networkAtPace, playAll } from '../../helpers/scenario/pace.ts';
import { plain, readRecording, writeRecording } from '../../helpers/scenario/recording.ts';
import { describeWith } from '../../helpers/tools.ts';
import { networkScenarios } from '../../scenarios/network/network.ts';

for (const version of envoyVersions) {
  describeWith([`envoy-${version}`], `Envoy ${version}: network`, () => {
    let outcomes: Map<string, NetworkOutcome>;

    beforeAll(async () => {
      const update = process.env['WASME_UPDATE'] === '1';
      const recorded = readRecording(version, 'network-');
      outcomes = update
        ? await runNetworkInEnvoy(version, networkScenarios, {})
        : await playAll(networkScenarios, recorded, (some, pace) =>
            runNetworkInEnvoy(
              version,
              some.map(one => networkAtPace(one, pace)),
              recorded,
            ),
          );
      if (update) writeRecording(version, outcomes, 'network-');
    }, 600_000);

    it.each(networkScenarios.map(({ id }) => id))('%s', id => {
      expect(plain(outcomes.get(id)!)).toEqual(readRecording(version, 'network-')[id]);
    });
  });
}
