/** Client of Envoy's admin interface. */
import { WasmeError } from '../../../errors.ts';
import type { SystemContext } from '../../../io/system-context.ts';
import { parseJson } from '../../../io/json.ts';
import { printable } from '../../../io/printable.ts';
import { type Json, object } from './dump-sections.ts';

export interface EnvoyAdmin {
  readonly url: string;
  /** Returns the body of a GET. Fails with NETWORK when nothing answers, and for a status other than 200. */
  text(path: string): Promise<string>;
  json(path: string): Promise<unknown>;
  post(path: string): Promise<string>;
  /** Counters and gauges whose name matches, or one of the two; histograms are left out. */
  stats(filter: string, type?: 'Counters' | 'Gauges'): Promise<Readonly<Record<string, number>>>;
}

const answerTimeoutMs = 5_000;
/** A dump of ten thousand listeners has some tens of megabytes; a larger answer does not come from an Envoy. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** Returns a client for `http://127.0.0.1:9901`, `127.0.0.1:9901` or `9901`. Fails with USAGE for another form. */
export function envoyAdmin(address: string, system: SystemContext): EnvoyAdmin {
  const url = /^\d+$/.test(address)
    ? `http://127.0.0.1:${address}`
    : address.replace(/\/+$/, '').replace(/^(?!https?:\/\/)/, 'http://');
  const otherScheme = /^(?!https?:)[a-z][a-z\d+.-]*:\/\//i.test(address);
  if (otherScheme || !URL.canParse(url)) {
    throw new WasmeError('USAGE', `"${address}" is not an address of an admin interface`, {
      hint: 'write it like 127.0.0.1:9901 or http://envoy.example:9901',
    });
  }
  // A user and a password in the address are sent, but never shown.
  const { origin, pathname } = new URL(url);
  const shown = `${origin}${pathname}`.replace(/\/$/, '');
  const request = (path: string, method: 'GET' | 'POST'): Promise<string> =>
    ask(new URL(`${url}${path}`), method, shown + path, system);
  return {
    url: shown,
    text: path => request(path, 'GET'),
    post: path => request(path, 'POST'),
    json: async path => parseAnswer(await request(path, 'GET'), shown + path),
    async stats(filter, type) {
      const query = `filter=${encodeURIComponent(filter)}${type === undefined ? '' : `&type=${type}`}`;
      const lines = (await request(`/stats?${query}`, 'GET')).split('\n');
      const rows = lines.map(line => /^(.+): (\d+)$/.exec(line)).filter(match => match !== null);
      return Object.fromEntries(rows.map(([, name = '', value]) => [name, Number(value)]));
    },
  };
}

/** The same interface with each page read once: a dump is large, and answers several questions. */
export function readOnce(admin: EnvoyAdmin): EnvoyAdmin {
  const once = <T>(read: (path: string) => Promise<T>): ((path: string) => Promise<T>) => {
    const pages = new Map<string, Promise<T>>();
    return path => {
      const page = pages.get(path) ?? read(path);
      pages.set(path, page);
      return page;
    };
  };
  return { ...admin, text: once(path => admin.text(path)), json: once(path => admin.json(path)) };
}

/** Returns a page of the admin interface, which is one JSON object. Fails with NETWORK for everything else. */
export function parseAnswer(text: string, from: string): unknown {
  let page: Json | undefined;
  let cause: unknown;
  try {
    page = object(parseJson(text));
  } catch (error) {
    cause = error;
  }
  if (page !== undefined) return page;
  const said =
    cause === undefined
      ? 'answered with JSON that is not an object'
      : cause instanceof RangeError
        ? `answered with JSON that is ${cause.message}`
        : 'did not answer with JSON';
  throw new WasmeError('NETWORK', `${from} ${said}: ${printable(text, 200)}`, {
    hint: 'check that it is the admin interface of an Envoy',
    cause,
  });
}

/** One request over a connection of its own: a kept one would keep the process alive when all is said. */
async function ask(url: URL, method: 'GET' | 'POST', shown: string, system: SystemContext): Promise<string> {
  const { HttpClient } = await import('../../../io/http/http.ts');
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  const client = new HttpClient({ ...system, signal: AbortSignal.any([system.signal, timeout]) });
  try {
    const response = await client.send({ method, url, retry: false, followRedirects: false });
    const body = (await response.bytes(maxAnswerBytes)).toString('utf8');
    if (response.ok) return body;
    throw new WasmeError('NETWORK', `${shown} answered ${response.status}: ${printable(body, 200)}`, {
      hint: `check that ${url.origin} is the admin interface of an Envoy`,
      details: { status: response.status },
    });
  } catch (error) {
    if (system.signal.aborted) throw error;
    throw unreachable(url, error, timeout.aborted);
  } finally {
    await client.close();
  }
}

function unreachable(url: URL, error: unknown, timedOut: boolean): unknown {
  if (error instanceof WasmeError && error.details?.['status'] !== undefined) return error;
  const why = timedOut
    ? `no answer within ${answerTimeoutMs / 1000} s`
    : error instanceof Error
      ? error.message.replace(`${url.host}: `, '')
      : String(error);
  return new WasmeError('NETWORK', `nothing answers at ${url.origin}: ${why}`, {
    hint: 'name the address of the admin interface with --admin; the bootstrap has it under "admin"',
    cause: error,
  });
}
