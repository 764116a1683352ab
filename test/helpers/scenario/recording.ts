/** What real Envoy was seen to do, kept in test/fixtures/goldens/envoy-<version>.json: the fast stand-in for a real one. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../tree.ts';
import type { EnvoyVersion } from './envoy.ts';
import type { Outcome } from './outcome.ts';

type Recorded = Readonly<Record<string, unknown>>;

const fileOf = (version: EnvoyVersion): string =>
  join(root, 'test', 'fixtures', 'goldens', `envoy-${version}.json`);

/** Outcomes by scenario id. 1.36 holds only those that differ from 1.40. */
export function readRecording(version: EnvoyVersion): Recorded {
  const own = existsSync(fileOf(version))
    ? (JSON.parse(readFileSync(fileOf(version), 'utf8')) as Recorded)
    : {};
  return version === '1.40' ? own : { ...readRecording('1.40'), ...own };
}

export function writeRecording(version: EnvoyVersion, outcomes: ReadonlyMap<string, Outcome>): void {
  const base = version === '1.40' ? {} : readRecording('1.40');
  const kept = [...outcomes]
    .map(([id, outcome]) => [id, plain(outcome)] as const)
    .filter(([id, outcome]) => JSON.stringify(outcome) !== JSON.stringify(base[id]))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  mkdirSync(dirname(fileOf(version)), { recursive: true });
  writeFileSync(fileOf(version), `${JSON.stringify(Object.fromEntries(kept), null, 1)}\n`);
}

/** An outcome as it is recorded: header lists as `name: value` lines, nothing that is empty. */
export function plain(outcome: Outcome): unknown {
  return JSON.parse(
    JSON.stringify(outcome, (key, value: unknown) => {
      if (key === 'headers' || key === 'trailers') {
        const lines = (value as Outcome['responses'][number]['headers']).map(
          ([name, text]) => `${name}: ${text}`,
        );
        return lines.length === 0 ? undefined : lines;
      }
      if (value === '' || (Array.isArray(value) && value.length === 0 && key !== 'logs')) return undefined;
      return key === 'metrics' && Object.keys(value as object).length === 0 ? undefined : value;
    }),
  );
}
