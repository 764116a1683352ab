/** Reads and writes recordings of real Envoys in test/fixtures/goldens/envoy-*.json, which fast tests use in place of a real one. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Difference } from '../../scenarios/differences.ts';
import { root } from '../tree.ts';
import { type EnvoyVersion, envoyVersions } from './envoy/envoy.ts';
import type { Pairs } from '../guests/probe/script.ts';

type Recorded = Readonly<Record<string, unknown>>;

/** Families of scenarios: of HTTP filters, of loading and ending, or of everything else. */
type Family = '' | 'network-' | 'load-';

const fileOf = (version: EnvoyVersion, set: Family): string =>
  join(root, 'test', 'fixtures', 'goldens', `envoy-${set}${version}.json`);

/** Outcomes by scenario id. The files of older versions hold only what differs from 1.40. */
export function readRecording(version: EnvoyVersion, set: Family = ''): Recorded {
  const own = existsSync(fileOf(version, set))
    ? (JSON.parse(readFileSync(fileOf(version, set), 'utf8')) as Recorded)
    : {};
  return version === '1.40' ? own : { ...readRecording('1.40', set), ...own };
}

interface HeldVersion {
  readonly version: EnvoyVersion;
  readonly recorded: Recorded;
  /** Scenarios that come out otherwise in the bundled host, and are known to. */
  readonly known: ReadonlySet<string>;
  /** Returns whether a scenario is played: all for the oldest and the newest release; for those between only the changed ones. */
  readonly holds: (scenario: { readonly id: string }) => boolean;
}

/** Recordings that the bundled host has to match, one per version. */
export function heldVersions(set: Family, differences: readonly Difference[]): HeldVersion[] {
  const changing = changingScenarios(set);
  return envoyVersions.map(version => ({
    version,
    recorded: readRecording(version, set),
    known: new Set(
      differences.filter(({ envoy }) => envoy.includes(version)).flatMap(({ scenarios }) => scenarios),
    ),
    holds: ({ id }) => version === '1.40' || version === '1.36' || changing.has(id),
  }));
}

/** Scenarios whose outcome depends on the version. */
function changingScenarios(set: Family): ReadonlySet<string> {
  const older = envoyVersions.filter(version => version !== '1.40');
  return new Set(
    older.flatMap(version => Object.keys(JSON.parse(readFileSync(fileOf(version, set), 'utf8')) as Recorded)),
  );
}

export function writeRecording(
  version: EnvoyVersion,
  outcomes: ReadonlyMap<string, object>,
  set: Family = '',
): void {
  const base = version === '1.40' ? {} : readRecording('1.40', set);
  const kept = [...outcomes]
    .map(([id, outcome]) => [id, plain(outcome)] as const)
    .filter(([id, outcome]) => JSON.stringify(outcome) !== JSON.stringify(base[id]))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  mkdirSync(dirname(fileOf(version, set)), { recursive: true });
  writeFileSync(fileOf(version, set), `${JSON.stringify(Object.fromEntries(kept), null, 1)}\n`);
}

/** An outcome as it is recorded: header lists as `name: value` lines, nothing that is empty. */
export function plain(outcome: object): unknown {
  return JSON.parse(
    JSON.stringify(outcome, (key, value: unknown) => {
      if (key === 'headers' || key === 'trailers') {
        const lines = (value as Pairs).map(([name, text]) => `${name}: ${text}`);
        return lines.length === 0 ? undefined : lines;
      }
      if (value === '' || (Array.isArray(value) && value.length === 0 && key !== 'logs')) return undefined;
      return (key === 'metrics' || key === 'grpc') && Object.keys(value as object).length === 0
        ? undefined
        : value;
    }),
  );
}
