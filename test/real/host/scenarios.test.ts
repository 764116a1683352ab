/** The recording that the fast suite holds our host to is what real Envoy does today. WASME_UPDATE=1 records again. */
import { beforeAll, expect, it } from 'vitest';
import { envoyVersions, runInEnvoy } from '../../helpers/scenario/envoy/envoy.ts';
import type { Outcome } from '../../helpers/scenario/outcome.ts';
import { atPace, playAll } from '../../helpers/scenario/pace.ts';
import { plain, readRecording, writeRecording } from '../../helpers/scenario/recording.ts';
import { describeWith } from '../../helpers/tools.ts';
import { families } from '../../scenarios/index.ts';

const all = Object.values(families).flat();

for (const version of envoyVersions) {
  describeWith([`envoy-${version}`], `Envoy ${version}`, () => {
    const scenarios = all.filter(({ notInEnvoy }) => notInEnvoy === undefined);
    let outcomes: Map<string, Outcome>;

    beforeAll(async () => {
      const update = process.env['WASME_UPDATE'] === '1';
      const recorded = readRecording(version);
      outcomes = update
        ? await runInEnvoy(version, scenarios, {})
        : await playAll(scenarios, recorded, (some, pace) =>
            runInEnvoy(
              version,
              some.map(one => atPace(one, pace)),
              recorded,
            ),
          );
      if (update) writeRecording(version, outcomes);
    }, 600_000);

    it.each(scenarios.map(({ id }) => id))('%s', id => {
      expect(plain(outcomes.get(id)!)).toEqual(readRecording(version)[id]);
    });
  });
}
