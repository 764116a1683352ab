/** Modules that Envoy refuses are refused in its words; the others start, fail and end as in Envoy (recorded by test/real/host/scenarios-load.test.ts). */
import { describe, expect, it } from 'vitest';
import { runLoadInOurs } from '../helpers/scenario/bundled/load-bundled.ts';
import { type LoadOutcome, loadAtPace } from '../helpers/scenario/load.ts';
import { paceOf } from '../helpers/scenario/pace.ts';
import { heldVersions, plain } from '../helpers/scenario/recording.ts';
import { loadDifferences, loadScenarios } from '../scenarios/loading.ts';

for (const { version, recorded, known, holds } of heldVersions('load-', loadDifferences)) {
  const scenarios = loadScenarios.filter(holds);
  if (scenarios.length === 0) continue;
  describe.concurrent(`as Envoy ${version}: loading`, () => {
    // Retried, slower, as a busy machine may log late.
    it.for(scenarios)('$id', { retry: 2 }, async (scenario, { task }) => {
      const pace = paceOf(task.result?.retryCount ?? 0);
      const { refused, ...ours } = await runLoadInOurs(version, loadAtPace(scenario, pace));
      const { refused: sentence = '', ...envoys } = recorded[scenario.id] as Partial<LoadOutcome>;
      // Ours has a hint of what to change besides.
      const same = refused.includes(sentence) && (refused === '') === (sentence === '');
      const seen = { refused: same ? sentence : refused, ...ours };
      if (known.has(scenario.id)) expect(plain(seen)).not.toEqual(plain({ refused: sentence, ...envoys }));
      else expect(plain(seen)).toEqual(plain({ refused: sentence, ...envoys }));
    });
  });
}
