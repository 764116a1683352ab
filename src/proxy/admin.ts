/** The admin interface: the paths of Envoy's that make sense for one local run, under Envoy's names. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { LogLevel } from '../host/types.ts';
import { closeNow, listen } from '../io/http/listen.ts';
import { type StatsSnapshot, statsPrometheus, statsText } from './stats.ts';

/** Supplies what the admin interface shows and can do; implemented by the owner of the proxy. */
export interface AdminSource {
  stats(): Promise<StatsSnapshot>;
  configuration(): unknown;
  listeners(): readonly { readonly name: string; readonly address: string }[];
  clusters(): readonly { readonly name: string; readonly address: string }[];
  serverInfo(): Record<string, unknown>;
  logLevel(): LogLevel | 'off';
  setLogLevel(level: LogLevel | 'off'): void;
  quit(): void;
}

export interface Admin {
  readonly port: number;
  close(): Promise<void>;
}

/** Steps that a filter of statistics may take over all names: a second or two of the thread that also answers signals. */
const maxFilterSteps = 50_000_000;

const plainText = 'text/plain; charset=UTF-8';

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

/** Starts the admin interface. Fails with PORT_IN_USE or PORT_REFUSED. */
export async function startAdmin(host: string, port: number, source: AdminSource): Promise<Admin> {
  const server = createServer((request, response) => {
    answer(request, response, source).catch(() => response.destroy());
  });
  const actual = await listen(server, host, port, '--admin');
  return {
    port: actual,
    close: () => closeNow(server),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  source: AdminSource,
): Promise<void> {
  request.resume();
  const url = new URL(request.url ?? '/', 'http://admin');
  const post = request.method === 'POST';
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache, max-age=0' });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const text = (body: string, status = 200): void => send(status, plainText, body);
  const json = (value: unknown): void =>
    send(200, 'application/json', `${JSON.stringify(value, undefined, 1)}\n`);
  switch (url.pathname) {
    case '/':
    case '/help':
      return text(help);
    case '/ready':
      return text('LIVE\n');
    case '/stats':
    case '/stats/prometheus':
      return showStats(await source.stats(), url, send);
    case '/config_dump':
      return json(source.configuration());
    case '/listeners':
      return text(
        source
          .listeners()
          .map(({ name, address }) => `${name}::${address}\n`)
          .join(''),
      );
    case '/clusters':
      return text(
        source
          .clusters()
          .map(({ name, address }) => `${name}::${address}::health_flags::healthy\n`)
          .join(''),
      );
    case '/server_info':
      return json(source.serverInfo());
    case '/logging':
      if (!post) return text('Method Not Allowed', 405);
      return setLogging(url, source, text);
    case '/quitquitquit':
      if (!post) return text('Method Not Allowed', 405);
      text('OK\n');
      source.quit();
      return;
    default:
      return text(`invalid path. ${help}`, 404);
  }
}

const help = `admin commands are:
  /clusters: upstream cluster status
  /config_dump: what this run was started with
  /help: print out list of admin commands
  /listeners: print listener info
  /logging (POST): change the level of filters' logs (?level=debug, ?wasm=debug)
  /quitquitquit (POST): exit the proxy
  /ready: print server state
  /server_info: print server version and state
  /stats: print counters (?filter=regex, ?format=prometheus|json, ?usedonly)
`;

async function showStats(
  stats: StatsSnapshot,
  url: URL,
  send: (status: number, type: string, body: string) => void,
): Promise<void> {
  const text = (body: string, status = 200): void => send(status, plainText, body);
  let kept: (name: string) => boolean;
  try {
    kept = await statsFilter(url, stats);
  } catch (error) {
    return text(`Invalid re2 regex: ${(error as Error).message}`, 400);
  }
  const format = url.pathname === '/stats/prometheus' ? 'prometheus' : url.searchParams.get('format');
  if (format === 'prometheus') return text(statsPrometheus(stats, kept));
  if (format !== 'json') return text(statsText(stats, kept));
  const values = [...Object.entries(stats.counters), ...Object.entries(stats.gauges)]
    .filter(([name]) => kept(name))
    .sort()
    .map(([name, value]) => ({ name, value: Number(value) }));
  send(200, 'application/json', `${JSON.stringify({ stats: values })}\n`);
}

/** Returns a predicate of the names that `?filter=` keeps. Fails with RE2's message for an invalid pattern. */
async function statsFilter(url: URL, stats: StatsSnapshot): Promise<(name: string) => boolean> {
  const raw = /[?&]filter=([^&]*)/.exec(url.search)?.[1] ?? '';
  if (raw === '') return () => true;
  const { compilePattern, PatternError, tooLarge } = await import('../host/regular-expression.ts');
  const { test, size } = compilePattern(percentDecoded(raw, () => new PatternError('invalid UTF-8')));
  const names = [stats.counters, stats.gauges, stats.histograms].flatMap(values => Object.keys(values));
  const characters = names.reduce((sum, name) => sum + name.length + 1, 0);
  if (size * characters > maxFilterSteps) throw new PatternError(tooLarge);
  return test;
}

/** As Envoy decodes a query: `+` and a broken escape are themselves. */
function percentDecoded(text: string, fault: () => Error): string {
  try {
    return text.replace(/(?:%[\da-f]{2})+/gi, escapes => decodeURIComponent(escapes));
  } catch {
    throw fault();
  }
}

function setLogging(url: URL, source: AdminSource, text: (body: string, status?: number) => void): void {
  const wanted = url.searchParams.get('level') ?? url.searchParams.get('wasm');
  if (wanted !== null) {
    const level = wanted === 'warn' ? 'warning' : wanted;
    if (!levels.includes(level as (typeof levels)[number])) {
      text('error: invalid logger level\n', 400);
      return;
    }
    source.setLogLevel(level === 'warning' ? 'warn' : (level as LogLevel | 'off'));
  }
  const current = source.logLevel();
  text(`active loggers:\n  wasm: ${current === 'warn' ? 'warning' : current}\n`);
}
