/** What Envoy refuses we refuse in its words; what it loads starts, fails and ends as it does there (test/real/scenarios-load.test.ts records). */
import { describe, expect, it } from 'vitest';
import { envoyVersions } from '../helpers/scenario/envoy.ts';
import { runLoadInOurs } from '../helpers/scenario/load-ours.ts';
import { type LoadOutcome, loadAtPace } from '../helpers/scenario/load.ts';
import { paceOf } from '../helpers/scenario/pace.ts';
import { changingScenarios, plain, readRecording } from '../helpers/scenario/recording.ts';
import { loadDifferences, loadScenarios } from '../scenarios/loading.ts';

const changing = changingScenarios('load-');

for (const version of envoyVersions) {
  const recorded = readRecording(version, 'load-');
  const known = new Set(
    loadDifferences.filter(({ envoy }) => envoy.includes(version)).flatMap(({ scenarios }) => scenarios),
  );
  const ends = version === '1.40' || version === '1.36';
  const scenarios = loadScenarios.filter(({ id }) => ends || changing.has(id));
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
