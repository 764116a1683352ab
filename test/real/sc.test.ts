import { writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { families } from '../scenarios/index.ts';
import { runInEnvoy } from '../helpers/scenario/envoy.ts';
const all = Object.values(families).flat();
it.each(['1.40', '1.36'] as const)('%s', async version => {
  const picked = all.filter(s => !s.notInEnvoy?.[version]);
  const out = await runInEnvoy(version, picked);
  writeFileSync(`/tmp/envoy-${version}.json`, JSON.stringify(Object.fromEntries(out), null, 1));
  console.log(version, picked.length, out.size);
}, 300_000);
