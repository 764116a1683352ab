/** The bundled host does what real Envoy was recorded to do, scenario by scenario (test/real/scenarios.test.ts records). */
import { describe, expect, it } from 'vitest';
import { runInOurs } from '../helpers/scenario/ours.ts';
import { plain, readRecording } from '../helpers/scenario/recording.ts';
import { differences } from '../scenarios/differences.ts';
import { families } from '../scenarios/index.ts';

for (const version of ['1.40', '1.36'] as const) {
  const recorded = readRecording(version);
  const known = new Set(
    differences.filter(({ envoy }) => envoy.includes(version)).flatMap(({ scenarios }) => scenarios),
  );
  for (const [family, scenarios] of Object.entries(families)) {
    describe.concurrent(`as Envoy ${version}: ${family}`, () => {
      // Retried because a busy machine can join two chunks of a body into one read, here as in Envoy.
      it.each(scenarios)('$id', { retry: 2 }, async scenario => {
        const outcome = plain(await runInOurs(version, scenario));
        // Where Envoy itself crashes there is nothing to compare with: that we do not is the test.
        if (scenario.notInEnvoy !== undefined) return;
        if (known.has(scenario.id)) expect(outcome).not.toEqual(recorded[scenario.id]);
        else expect(outcome).toEqual(recorded[scenario.id]);
      });
    });
  }
}
