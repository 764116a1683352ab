/** Is the filter loaded in an Envoy, which bytes, and how does it fare: read from the admin interface, changes nothing. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { WasmeError } from '../../errors.ts';
import type { StatusRequest, StatusRow, StatusState } from '../target.ts';
import type { EnvoyAdmin } from './admin.ts';
import { type FoundPlugin, findPlugin } from './config-dump.ts';
import { xxHash64 } from './xxhash.ts';

export interface StatusSources {
  /** Envoy's log, when a file of it is at hand: the only place where some crashes can be seen. */
  readonly log?: string | undefined;
}

/** One row. An admin interface that does not answer gives `unreachable`; other failures of reading are thrown. */
export async function envoyStatus(
  admin: EnvoyAdmin,
  request: StatusRequest,
  sources: StatusSources = {},
): Promise<StatusRow> {
  const row = {
    where: admin.url,
    filter: request.id,
    digest: undefined,
    expected: request.expected,
    restarts: 0,
  };
  let found: FoundPlugin;
  let stats: ReadonlyMap<string, bigint>;
  try {
    found = findPlugin(await admin.json('/config_dump'), request.id);
    stats = readStats(await admin.text('/stats?filter=wasm|extension_config_discovery|_rq_5xx'));
  } catch (error) {
    if (!(error instanceof WasmeError) || error.code !== 'NETWORK') throw error;
    return { ...row, state: 'unreachable', detail: error.message };
  }
  const restarts = Number(stats.get(`wasm.${request.id}.vm_reload_success`) ?? 0n);
  const rejection = rejectionOf(found, stats, request.id);
  if (rejection !== undefined) return { ...row, restarts, state: 'rejected', detail: rejection };
  if (found.config === undefined) {
    const detail = found.discovered
      ? 'a listener waits for it: its discovery file was not read yet'
      : 'no listener has a filter of this name';
    return { ...row, state: 'missing', detail };
  }
  const code = await runningCode(found, request.expected);
  const [state, detail] = judge(found, code, stats, request, sources.log ?? '');
  return { ...row, restarts, digest: code.digest, state, detail };
}

function judge(
  { config }: FoundPlugin,
  code: RunningCode,
  stats: ReadonlyMap<string, bigint>,
  { id, expected }: StatusRequest,
  log: string,
): [StatusState, string] {
  const count = (name: string): bigint => stats.get(name) ?? 0n;
  const crashes = count(`wasm.${id}.vm_reload_backoff`) + count(`wasm.${id}.vm_reload_success`);
  const open = config?.failure_policy === 'FAIL_OPEN' || config?.fail_open === true;
  if (code.remote && !wasFetched(stats)) {
    return open
      ? ['fail-open', 'its code could not be fetched, and traffic passes without it']
      : ['failing', 'its code could not be fetched'];
  }
  const crash = /Function: (proxy_\w+) failed: (.*)/.exec(log);
  if (crash !== null && open) {
    return ['fail-open', `crashed in ${crash[1] ?? ''}; traffic passes without it (log)`];
  }
  if (count(`wasm.${id}.vm_reload_failure`) > 0n) {
    return ['failing', 'it crashed and could not be started again (vm_reload_failure)'];
  }
  if (crashes > 0n)
    return ['failing', `it crashed ${crashes} times and was started again (vm_reload_backoff)`];
  if (crash !== null) return ['failing', `crashed in ${crash[1] ?? ''}: ${crash[2] ?? ''} (log)`];
  if (expected !== undefined && code.digest !== undefined && !sameDigest(code.digest, expected)) {
    return ['other-digest', code.stale ?? 'Envoy runs another module'];
  }
  if (code.stale !== undefined) return ['other-digest', code.stale];
  const own = localFailures(stats);
  if (own > 0n && !open) {
    return [
      'failing',
      `${own} answers with 5xx came from Envoy or a filter, not from a backend: a crashed filter does that`,
    ];
  }
  return [
    'loaded',
    code.digest === undefined ? 'its module is not on this machine, so its digest is not known' : '',
  ];
}

/** A discovered filter keeps the old configuration when the new one is refused; the dump shows the refused one. */
function rejectionOf(
  { error, discovered, version }: FoundPlugin,
  stats: ReadonlyMap<string, bigint>,
  id: string,
): string | undefined {
  if (error !== undefined) return error;
  if (!discovered) return undefined;
  const prefix = [...stats.keys()]
    .find(name => name.endsWith(`.${id}.update_rejected`) || name.endsWith(`/${id}.update_rejected`))
    ?.replace(/update_rejected$/, '');
  if (prefix === undefined) return undefined;
  const count = (name: string): bigint => stats.get(prefix + name) ?? 0n;
  if (count('update_rejected') + count('config_fail') === 0n) return undefined;
  const accepted = count('version');
  if (version !== undefined && accepted === xxHash64(version)) return undefined;
  const kept = accepted === 0n ? 'nothing was loaded before' : 'the one before it is still running';
  return `Envoy refused the last update (${prefix}update_rejected); ${kept}`;
}

interface RunningCode {
  readonly digest: string | undefined;
  readonly remote: boolean;
  /** The file holds other bytes than were loaded. */
  readonly stale?: string;
}

/** Envoy does not say what it loaded from a file, so the file is read, and its time compared with the loading. */
async function runningCode(
  { config, loadedAt }: FoundPlugin,
  expected: string | undefined,
): Promise<RunningCode> {
  const { local, remote } = config?.vm_config?.code ?? {};
  if (remote?.sha256 !== undefined) return { digest: `sha256:${remote.sha256}`, remote: true };
  const path = local?.filename;
  if (path === undefined) return { digest: undefined, remote: false };
  // Istio's agent names what it fetched by the digest that it compared: of the image, or of the bytes served.
  const whole = /\/([0-9a-f]{64})\.wasm$/.exec(path)?.[1];
  if (whole !== undefined) return { digest: `sha256:${whole}`, remote: false };
  // Modules that `deploy` copied carry the start of their digest in their name.
  const named = /-([0-9a-f]{16})\.wasm$/.exec(path)?.[1];
  if (named !== undefined) {
    const full = expected?.startsWith(`sha256:${named}`) ? expected : await digestOfFile(path);
    return { digest: full ?? `sha256:${named}`, remote: false };
  }
  const digest = await digestOfFile(path);
  if (digest === undefined) return { digest: undefined, remote: false };
  const { mtime } = await stat(path);
  if (loadedAt === undefined || mtime <= loadedAt) return { digest, remote: false };
  return { digest: undefined, remote: false, stale: `${path} was written after Envoy loaded it` };
}

async function digestOfFile(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function sameDigest(running: string, expected: string): boolean {
  return running.length < expected.length ? expected.startsWith(running) : running === expected;
}

/** Failures are only counted where a cache is used; without one, no VM at all is the sign. */
function wasFetched(stats: ReadonlyMap<string, bigint>): boolean {
  const failed = stats.get('wasm.remote_load_fetch_failures') ?? 0n;
  const cached = stats.get('wasm.remote_load_cache_entries') ?? 0n;
  const machines = [...stats].filter(([name]) => /^wasm\..*\.created$/.test(name));
  return !(failed > 0n && cached === 0n) && machines.some(([, created]) => created > 0n);
}

/** 5xx answers to clients less those that clusters gave: what Envoy or its filters answered by themselves. */
function localFailures(stats: ReadonlyMap<string, bigint>): bigint {
  let own = 0n;
  for (const [name, value] of stats) {
    if (/^http\.(?!admin\.).*\.downstream_rq_5xx$/.test(name)) own += value;
    if (/^cluster\..*(?<!\.(?:external|internal|canary))\.upstream_rq_5xx$/.test(name)) own -= value;
  }
  return own;
}

/** Counters and gauges as they are: a version is a number beyond 2⁵³. */
function readStats(text: string): ReadonlyMap<string, bigint> {
  const rows = text.split('\n').map(line => /^(.+): (\d+)$/.exec(line));
  return new Map(rows.flatMap(row => (row === null ? [] : [[row[1] ?? '', BigInt(row[2] ?? 0)]])));
}
