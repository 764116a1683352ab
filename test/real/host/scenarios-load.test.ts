/** The recording of loads, traps and ends is what real Envoy does today. WASME_UPDATE=1 records again. */
import { beforeAll, expect, it } from 'vitest';
import { envoyVersions } from '../../helpers/scenario/envoy/envoy.ts';
import { runLoadsInEnvoy } from '../../helpers/scenario/envoy/load-envoy.ts';
import type { LoadOutcome } from '../../helpers/scenario/load.ts';
import { playAll } from '../../helpers/scenario/pace.ts';
import { plain, readRecording, writeRecording } from '../../helpers/scenario/recording.ts';
import { describeWith } from '../../helpers/tools.ts';
import { loadScenarios } from '../../scenarios/loading.ts';

for (const version of envoyVersions) {
  describeWith([`envoy-${version}`], `Envoy ${version}: loading`, () => {
    let outcomes: Map<string, LoadOutcome>;

    beforeAll(async () => {
      const update = process.env['WASME_UPDATE'] === '1';
      outcomes = update
        ? await runLoadsInEnvoy(version, loadScenarios, 1)
        : await playAll(loadScenarios, readRecording(version, 'load-'), (some, pace) =>
            runLoadsInEnvoy(version, some, pace),
          );
      if (update) writeRecording(version, outcomes, 'load-');
    }, 600_000);

    it.each(loadScenarios.map(({ id }) => id))('%s', id => {
      expect(plain(outcomes.get(id)!)).toEqual(readRecording(version, 'load-')[id]);
    });
  });
}
