/** The bundled host does what real Envoy was recorded to do, scenario by scenario (test/real/host/scenarios.test.ts records). */
import { describe, expect, it } from 'vitest';
import { runInOurs } from '../helpers/scenario/bundled/bundled.ts';
import { atPace, paceOf } from '../helpers/scenario/pace.ts';
import { heldVersions, plain } from '../helpers/scenario/recording.ts';
import { differences } from '../scenarios/differences.ts';
import { families } from '../scenarios/index.ts';

for (const { version, recorded, known, holds } of heldVersions('', differences)) {
  for (const [family, all] of Object.entries(families)) {
    const scenarios = all.filter(holds);
    if (scenarios.length === 0) continue;
    describe.concurrent(`as Envoy ${version}: ${family}`, () => {
      // Retried, slower, because a busy machine can join two chunks of a body into one read, here as in Envoy.
      it.for(scenarios)('$id', { retry: 2 }, async (scenario, { task }) => {
        const pace = paceOf(task.result?.retryCount ?? 0);
        const expected = known.has(scenario.id) ? undefined : recorded[scenario.id];
        const outcome = plain(await runInOurs(version, atPace(scenario, pace), expected));
        // Where Envoy itself crashes there is nothing to compare with: that we do not is the test.
        if (scenario.notInEnvoy !== undefined) return;
        if (known.has(scenario.id)) expect(outcome).not.toEqual(recorded[scenario.id]);
        else expect(outcome).toEqual(recorded[scenario.id]);
      });
    });
  }
}
