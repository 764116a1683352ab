/** The admin interface: the paths of Envoy's that make sense for one local run, under Envoy's names. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { LogLevel } from '../host/types.ts';
import { closeNow, listen } from '../io/listen.ts';
import { type StatsSnapshot, statsPrometheus, statsText } from './stats.ts';

/** What the admin interface shows and can do; answered by whoever runs the proxy. */
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
  const text = (body: string, status = 200): void => send(status, 'text/plain; charset=UTF-8', body);
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
      return text(showStats(await source.stats(), url));
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

function showStats(stats: StatsSnapshot, url: URL): string {
  const pattern = url.searchParams.get('filter');
  let filter: RegExp | undefined;
  try {
    filter = pattern === null ? undefined : new RegExp(pattern);
  } catch {
    return `Invalid re2 regex\n`;
  }
  const format = url.pathname === '/stats/prometheus' ? 'prometheus' : url.searchParams.get('format');
  if (format === 'prometheus') return statsPrometheus(stats, filter);
  if (format !== 'json') return statsText(stats, filter);
  const values = [...Object.entries(stats.counters), ...Object.entries(stats.gauges)]
    .filter(([name]) => filter === undefined || filter.test(name))
    .sort()
    .map(([name, value]) => ({ name, value: Number(value) }));
  return `${JSON.stringify({ stats: values })}\n`;
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
