/** The bundled host does what real Envoy was recorded to do, scenario by scenario (test/real/scenarios.test.ts records). */
import { describe, expect, it } from 'vitest';
import { runInOurs } from '../helpers/scenario/ours.ts';
import { plain, readRecording } from '../helpers/scenario/recording.ts';
import { families } from '../scenarios/index.ts';

for (const version of ['1.40', '1.36'] as const) {
  const recorded = readRecording(version);
  for (const [family, scenarios] of Object.entries(families)) {
    describe.concurrent(`as Envoy ${version}: ${family}`, () => {
      it.each(scenarios)('$id', async scenario => {
        const outcome = plain(await runInOurs(version, scenario));
        if (scenario.notInEnvoy?.[version] === undefined) expect(outcome).toEqual(recorded[scenario.id]);
      });
    });
  }
}
