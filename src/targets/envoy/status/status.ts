/** Status of a filter in an Envoy (loaded, which digest, failing), read from the admin interface. Changes nothing. */
import { WasmeError } from '../../../errors.ts';
import { isLoopback } from '../../../io/http/http-proxy.ts';
import type { StatusRequest, StatusRow, StatusState } from '../../target.ts';
import type { EnvoyAdmin } from './admin.ts';
import { type DumpedEnvoy, type FoundPlugin, dumpedEnvoy, findPlugin } from './config-dump.ts';
import { type LogReader, type LogSigns, signsIn } from './log-signs.ts';
import { type RunningCode, type Stats, fetchOf, runningCode, sameDigest } from './running-code.ts';
import { xxHash64 } from '../xxhash.ts';

export interface StatusSources {
  /** Envoy's log, when it is at hand: the only place where some crashes can be seen. */
  readonly log?: LogReader | undefined;
}

const counters = '^wasm\\.|extension_config_discovery|[._]rq_(5xx|2xx|completed|direct_response)$';

/** One row. An admin interface that does not answer gives `unreachable`; other failures of reading are thrown. */
export async function envoyStatus(
  admin: EnvoyAdmin,
  request: StatusRequest,
  sources: StatusSources = {},
): Promise<StatusRow> {
  const { id, expected } = request;
  const row = { where: admin.url, filter: id, digest: undefined, expected, restarts: 0 };
  let found: FoundPlugin;
  let envoy: DumpedEnvoy;
  let stats: Stats;
  try {
    const dump = await admin.json('/config_dump');
    found = findPlugin(dump, id);
    envoy = dumpedEnvoy(dump);
    stats = readStats(await admin.text(`/stats?filter=${encodeURIComponent(counters)}`));
  } catch (error) {
    if (!(error instanceof WasmeError) || error.code !== 'NETWORK') throw error;
    return { ...row, state: 'unreachable', detail: error.message };
  }
  const restarts = Number(stats.get(`wasm.${id}.vm_reload_success`) ?? 0n);
  const log = await readLog(sources.log, found.loadedAt);
  const rejection = rejectionOf(found, stats, id) ?? rejectionIn(log.signs, found, envoy);
  if (rejection !== undefined) return { ...row, restarts, state: 'rejected', detail: rejection };
  if (found.config === undefined) {
    return { ...row, restarts, state: 'missing', detail: whyMissing(found, envoy) };
  }
  const code = await runningCode(found.config, found.loadedAt, expected, isHere(admin));
  const [state, detail] = judge(found, envoy, code, stats, request, log.signs);
  return { ...row, restarts, digest: code.digest, state, detail: detail === '' ? log.problem : detail };
}

function whyMissing({ discovered, warming }: FoundPlugin, { names }: DumpedEnvoy): string {
  if (warming)
    return 'the listener with it is not ready yet: Envoy waits for its code, clusters or certificates';
  if (discovered) return 'a listener waits for it: its discovery file was not read yet';
  const others = names.length === 0 ? '' : `; there are: ${names.join(', ')}`;
  return `no listener has a filter of this name${others}`;
}

/** A proxy in a pod has no address of its own. */
function isHere({ url }: EnvoyAdmin): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname);
}

/** Names of the Wasm filters in any of them. Fails with NETWORK when none of them answers. */
export async function filterNames(admins: readonly EnvoyAdmin[]): Promise<readonly string[]> {
  const asked = await Promise.allSettled(
    admins.map(async admin => dumpedEnvoy(await admin.json('/config_dump')).names),
  );
  const failed = asked.filter(answer => answer.status === 'rejected');
  if (failed.length === asked.length) throw failed[0]?.reason;
  const names = asked.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []));
  return [...new Set(names.filter(name => name !== ''))].sort();
}

/** `problem`: why nothing could be read. */
async function readLog(
  log: LogReader | undefined,
  since: Date | undefined,
): Promise<{ readonly signs: LogSigns; readonly problem: string }> {
  try {
    return { signs: signsIn((await log?.(since)) ?? ''), problem: '' };
  } catch (error) {
    if (!(error instanceof WasmeError) || error.code !== 'NETWORK') throw error;
    return { signs: signsIn(''), problem: `${error.message}; a crash would be recorded there` };
  }
}

function judge(
  { config, mixed, warming }: FoundPlugin,
  envoy: DumpedEnvoy,
  code: RunningCode,
  stats: Stats,
  { id, expected }: StatusRequest,
  { crash }: LogSigns,
): [StatusState, string] {
  const count = (name: string): bigint => stats.get(name) ?? 0n;
  const open = config?.failsOpen === true;
  const failed = (what: string): [StatusState, string] =>
    open ? ['fail-open', `${what}; traffic passes without it`] : ['failing', what];
  const fetch = config === undefined ? 'fetched' : fetchOf(config, envoy.plugins, stats);
  if (fetch === 'under way') return ['missing', 'Envoy is still fetching its code'];
  if (fetch === 'failed') return failed('its code could not be fetched');
  if (fetch === 'unclear') {
    return failed(
      'Envoy could not fetch the code of some filter, perhaps of this (remote_load_fetch_failures)',
    );
  }
  if (mixed) return ['other-digest', 'its listeners run different modules'];
  if (expected !== undefined && code.digest !== undefined && !sameDigest(code.digest, expected)) {
    return ['other-digest', code.stale ?? 'Envoy runs another module'];
  }
  if (code.stale !== undefined) return ['other-digest', code.stale];
  if (count(`wasm.${id}.vm_reload_failure`) > 0n) {
    return ['failing', 'it crashed and could not be started again (vm_reload_failure)'];
  }
  const again = count(`wasm.${id}.vm_reload_success`);
  if (again > 0n) {
    const times = again === 1n ? 'once' : `${again} times`;
    return ['failing', `it crashed and was started again ${times} (vm_reload_success)`];
  }
  if (count(`wasm.${id}.vm_reload_backoff`) > 0n) {
    return ['failing', 'it crashed and was not started again yet (vm_reload_backoff)'];
  }
  const which = envoy.names.length > 1 ? `, it or another of ${envoy.names.length} filters` : '';
  if (crash !== undefined) return failed(`crashed in ${crash.callback}: ${crash.reason} (log${which})`);
  const own = localFailures(stats, envoy);
  if (own > 0n) {
    const answers = own === 1n ? '1 answer with 5xx' : `${own} answers with 5xx`;
    return failed(
      `${answers} came from Envoy or a filter, not from a backend: a crashed filter does that${which}`,
    );
  }
  if (warming) return ['loaded', 'a newer listener with it is not ready yet'];
  return [
    'loaded',
    code.digest === undefined ? 'its module is not on this machine, so its digest is not known' : '',
  ];
}

/** A discovered filter keeps the old configuration when the new one is refused; the dump shows the refused one. */
function rejectionOf(
  { config, error, discovered, version }: FoundPlugin,
  stats: Stats,
  id: string,
): string | undefined {
  if (error !== undefined) return `${error}; ${keptOn(config !== undefined)}`;
  if (!discovered) return undefined;
  const prefix = [...stats.keys()]
    .find(name => name.endsWith(`.${id}.update_rejected`) || name.endsWith(`/${id}.update_rejected`))
    ?.replace(/update_rejected$/, '');
  if (prefix === undefined) return undefined;
  const count = (name: string): bigint => stats.get(prefix + name) ?? 0n;
  if (count('update_rejected') + count('config_fail') === 0n) return undefined;
  const accepted = count('version');
  if (version !== undefined && accepted === xxHash64(version)) return undefined;
  return `Envoy refused the last update (${prefix}update_rejected); ${keptOn(accepted !== 0n)}`;
}

/** Proxies of a mesh do not count refused updates. */
function rejectionIn(
  { rejection }: LogSigns,
  { discovered }: FoundPlugin,
  { names }: DumpedEnvoy,
): string | undefined {
  if (!discovered || rejection === undefined) return undefined;
  const which = names.length > 1 ? `, of it or another of ${names.length} filters` : '';
  return `Envoy refused an update (log${which}): ${rejection}`;
}

function keptOn(running: boolean): string {
  return running ? 'the one before it is still running' : 'nothing was loaded before';
}

/** 5xx answers to clients less those that clusters and routes gave: what Envoy or its filters answered by themselves. */
function localFailures(stats: Stats, { answersErrors }: DumpedEnvoy): bigint {
  let own = 0n;
  for (const [name, value] of stats) {
    if (/^http\.(?!admin\.).*\.downstream_rq_5xx$/.test(name)) own += value;
    // Which status a route gave is not counted.
    if (answersErrors && /^http\.(?!admin\.).*\.rq_direct_response$/.test(name)) own -= value;
    if (/^cluster\..*(?<!\.(?:external|internal|canary|retry|zone\..*))\.upstream_rq_5xx$/.test(name))
      own -= value;
  }
  return own;
}

/** Counters and gauges as they are: a version is a number beyond 2⁵³. */
function readStats(text: string): Stats {
  const rows = text.split('\n').map(line => /^(.+): (\d+)$/.exec(line));
  return new Map(rows.flatMap(row => (row === null ? [] : [[row[1] ?? '', BigInt(row[2] ?? 0)]])));
}
