/** Envoy's admin interface: what is loaded, how it fares, which port it took. */
import { WasmeError } from '../../errors.ts';

export interface EnvoyAdmin {
  readonly url: string;
  /** Body of a GET. Fails with NETWORK when nothing answers or the answer is no 200. */
  text(path: string): Promise<string>;
  json(path: string): Promise<unknown>;
  post(path: string): Promise<string>;
  /** Counters and gauges whose name matches; histograms are left out. */
  stats(filter: string): Promise<Readonly<Record<string, number>>>;
}

const answerTimeoutMs = 5_000;

/** `address` as `http://127.0.0.1:9901`, `127.0.0.1:9901` or `9901`. */
export function envoyAdmin(address: string, signal: AbortSignal): EnvoyAdmin {
  const url = /^\d+$/.test(address)
    ? `http://127.0.0.1:${address}`
    : address.replace(/\/+$/, '').replace(/^(?!https?:\/\/)/, 'http://');
  const request = async (path: string, method: 'GET' | 'POST'): Promise<string> => {
    const response = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
    }).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    const body = await response.text();
    if (response.ok) return body;
    throw new WasmeError(
      'NETWORK',
      `${url}${path} answered ${response.status}: ${body.trim().slice(0, 200)}`,
      {
        hint: `check that ${url} is the admin interface of an Envoy`,
        details: { status: response.status },
      },
    );
  };
  return {
    url,
    text: path => request(path, 'GET'),
    post: path => request(path, 'POST'),
    json: async path => JSON.parse(await request(path, 'GET')) as unknown,
    async stats(filter) {
      const lines = (await request(`/stats?filter=${encodeURIComponent(filter)}`, 'GET')).split('\n');
      const rows = lines.map(line => /^(.+): (\d+)$/.exec(line)).filter(match => match !== null);
      return Object.fromEntries(rows.map(([, name = '', value]) => [name, Number(value)]));
    },
  };
}

function unreachable(url: string, error: unknown): WasmeError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown }).code;
  const why = typeof code === 'string' ? code : cause instanceof Error ? cause.message : String(cause);
  return new WasmeError('NETWORK', `nothing answers at ${url}: ${why}`, {
    hint: 'name the address of the admin interface with --admin; it stands under "admin" in the bootstrap',
    cause: error,
  });
}
