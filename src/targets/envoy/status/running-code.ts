/** Finds the digest of the code that an Envoy runs under a plugin's name, and whether it could fetch that code. */
import { stat } from 'node:fs/promises';
import { readBytes } from '../../../io/files/files.ts';
import { digestOf } from '../../../io/sha256.ts';
import type { DumpedPlugin } from './config-dump.ts';

/** Counters and gauges by name. */
export type Stats = ReadonlyMap<string, bigint>;

export interface RunningCode {
  /** undefined: it cannot be known here. */
  readonly digest: string | undefined;
  /** The file holds other bytes than were loaded. */
  readonly stale?: string;
}

/**
 * Envoy does not say what it loaded from a file, so the file is read, and its time compared with the loading. `here`: the
 * Envoy is on this machine; a file of the same name elsewhere is another one.
 */
export async function runningCode(
  config: DumpedPlugin,
  loadedAt: Date | undefined,
  expected: string | undefined,
  here: boolean,
): Promise<RunningCode> {
  const { remote, filename: path } = config;
  if (remote?.sha256 !== undefined) return { digest: `sha256:${remote.sha256}` };
  if (path === undefined) return { digest: undefined };
  // Istio's agent names what it fetched by the digest that it compared: of the image, or of the bytes served.
  const whole = /\/([0-9a-f]{64})\.wasm$/.exec(path)?.[1];
  if (whole !== undefined) return { digest: `sha256:${whole}` };
  // Modules that `deploy` copied carry the start of their digest in their name.
  const named = /-([0-9a-f]{16})\.wasm$/.exec(path)?.[1];
  if (named !== undefined) {
    const full = expected?.startsWith(`sha256:${named}`)
      ? expected
      : here
        ? await digestOfFile(path)
        : undefined;
    return { digest: full ?? `sha256:${named}` };
  }
  const digest = here ? await digestOfFile(path) : undefined;
  if (digest === undefined) return { digest: undefined };
  const { mtime } = await stat(path);
  if (loadedAt === undefined || mtime <= loadedAt) return { digest };
  return { digest: undefined, stale: `${path} was written after Envoy loaded it` };
}

async function digestOfFile(path: string): Promise<string | undefined> {
  const bytes = await readBytes(path).catch(() => undefined);
  return bytes && digestOf(bytes);
}

/** A digest may be known by its start only. */
export function sameDigest(running: string, expected: string): boolean {
  return running.length < expected.length ? expected.startsWith(running) : running === expected;
}

/**
 * Returns the result of fetching remote code. Envoy counts the fetches of all filters together, so the answers that the code's own
 * cluster gave tell whose failed: the first good one ends the fetching, and bytes of another digest are asked for again.
 */
export function fetchOf(
  config: DumpedPlugin,
  plugins: readonly DumpedPlugin[],
  stats: Stats,
): 'fetched' | 'under way' | 'failed' | 'unclear' {
  const { remote } = config;
  if (remote === undefined) return 'fetched';
  const count = (name: string): bigint => stats.get(name) ?? 0n;
  const failures = count('wasm.remote_load_fetch_failures');
  const successes = count('wasm.remote_load_fetch_successes');
  const waits = count('wasm.remote_load_cache_misses') > failures + successes;
  const machines = [...stats].some(([name, value]) => /^wasm\..*\.active$/.test(name) && value > 0n);
  if (!machines) return waits ? 'under way' : 'failed';
  const same = plugins.filter(plugin => plugin.remote?.sha256 === remote.sha256);
  const clusters = new Set(same.map(plugin => plugin.remote?.cluster ?? ''));
  const sum = (counter: string): bigint =>
    [...clusters].reduce((total, name) => total + count(`cluster.${name}.${counter}`), 0n);
  const good = sum('upstream_rq_2xx');
  if (failures === 0n) return waits && good === 0n ? 'under way' : 'fetched';
  if (good === 0n) return waits && sum('upstream_rq_completed') === 0n ? 'under way' : 'failed';
  if (successes === 0n) return 'failed';
  // Every listener fetches for itself.
  return good <= BigInt(same.length) ? 'fetched' : 'unclear';
}
