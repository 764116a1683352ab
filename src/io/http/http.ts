/**
 * HTTP as registries need it: streams both ways, retries, redirects that carry no credentials elsewhere, redacted traces.
 * Sockets and TLS are in http-agent.ts, which is loaded when the network is first asked.
 */
import { WasmeError, interrupted } from '../../errors.ts';
import type { SystemContext } from '../system-context.ts';
import type { Connections, TlsOptions } from './http-agent.ts';
import { isRetriable, networkError, refusedByProxy } from './http-errors.ts';
import { type ExchangeBody, HttpExchange } from './http-exchange.ts';
import { packageVersion } from '../files/paths.ts';
import { pause } from '../pause.ts';

export interface HttpBody {
  /** Bytes; sent as Content-Length, because storage behind registries refuses chunked encoding. */
  readonly size: number;
  /** Called again for every try. */
  open(): AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Lower-case names. `authorization` goes to the origin of `url` only. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody | Uint8Array | string;
  /** Default true: sent again after a broken connection, 408, 429 and 5xx. */
  readonly retry?: boolean;
  /** Default true. */
  readonly followRedirects?: boolean;
  /** Called with each URL, of redirects too, before anything is sent there; throws to refuse it. */
  readonly checkUrl?: (url: URL) => void;
}

export interface HttpOptions extends TlsOptions {
  /** First pause before a retry; doubles each time. Default 250. */
  readonly retryDelayMs?: number;
}

/** Number of tries before a failure is reported. */
export const maxTries = 5;
const maxDelayMs = 3_000;
/** A user waits at the terminal: a longer Retry-After is an error that names the time. */
export const maxRetryAfterMs = 60_000;
const maxRedirects = 10;
const retryStatus = new Set([408, 429, 499, 500, 502, 503, 504, 522]);
const redirectStatus = new Set([301, 302, 303, 307, 308]);

export class HttpResponse {
  readonly status: number;
  /** After redirects. */
  readonly url: URL;
  readonly #exchange: HttpExchange;

  constructor(url: URL, exchange: HttpExchange) {
    this.status = exchange.status;
    this.url = url;
    this.#exchange = exchange;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** All lines of a header. */
  headers(name: string): readonly string[] {
    return this.#exchange.headers[name] ?? [];
  }

  /** The header, or undefined. */
  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  /** The body, once. Fails with NETWORK when the connection breaks. */
  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#exchange;
    } catch (error) {
      throw networkError(error, this.url);
    }
  }

  /** The first `maxBytes` of the body; the rest is thrown away. */
  async bytes(maxBytes: number): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.stream()) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= maxBytes) break;
    }
    return Buffer.concat(chunks).subarray(0, maxBytes);
  }

  /** Lets the connection be used again without the body being read. */
  async discard(): Promise<void> {
    await this.#exchange.discard();
  }
}

/** Sends requests with one set of TLS options. Close it when done. */
export class HttpClient {
  readonly #system: SystemContext;
  readonly #options: HttpOptions;
  /** Identifies wasme in the logs of servers. */
  readonly #userAgent: string;
  #connections: Connections | undefined;

  constructor(system: SystemContext, options: HttpOptions = {}) {
    this.#system = system;
    this.#options = options;
    this.#userAgent = `wasme/${packageVersion()} (node; ${system.platform})`;
  }

  /**
   * The response, whatever its status. Follows up to 10 redirects; tries up to 5 times with growing pauses.
   * Fails with NETWORK, INTERRUPTED, and with what the body's source fails with.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      const last = request.retry === false || attempt >= maxTries;
      try {
        const response = await this.#followed(request);
        if (last || !retryStatus.has(response.status)) return response;
        const delayMs = this.#delayFor(response, attempt);
        if (delayMs > maxRetryAfterMs) return response;
        await response.discard();
        await this.#pause(delayMs, `${request.url.host} answered ${response.status}`);
      } catch (error) {
        if (last || !isRetriable(error)) throw error;
        await this.#pause(this.#backOff(attempt), `the connection to ${request.url.host} failed`);
      }
    }
  }

  /** Waits as before the retry after the `attempt`-th try: for work that has to start over as a whole. `delayMs`: what the server asked for. */
  async backOff(attempt: number, why: string, delayMs?: number): Promise<void> {
    await this.#pause(delayMs ?? this.#backOff(attempt), why);
  }

  close(): Promise<void> {
    this.#connections?.close();
    return Promise.resolve();
  }

  async #followed(request: HttpRequest): Promise<HttpResponse> {
    let { url, headers = {} } = request;
    for (let hop = 0; hop <= maxRedirects; hop++) {
      request.checkUrl?.(url);
      const response = await this.#once(request, url, headers);
      const location = response.header('location');
      if (
        !redirectStatus.has(response.status) ||
        location === undefined ||
        request.followRedirects === false
      ) {
        return response;
      }
      await response.discard();
      const next = nextHop(location, url, request);
      if (next.origin !== url.origin) {
        // Storage behind a registry has its own signed URLs and must not get our credentials.
        headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'));
      }
      url = next;
    }
    throw new WasmeError('NETWORK', `${showUrl(request.url)}: more than ${maxRedirects} redirects`, {
      hint: 'the server sends in circles; its operator has to look at it',
    });
  }

  async #once(
    request: HttpRequest,
    url: URL,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> {
    const { signal, now, reporter } = this.#system;
    if (signal.aborted) throw interrupted();
    const startedAt = now();
    const { Connections } = await import('./http-agent.ts');
    this.#connections ??= new Connections(this.#system, this.#options);
    const { open, options, proxy, readByProxy } = await this.#connections.for(url);
    const exchange = new HttpExchange(signal);
    const own = { 'user-agent': this.#userAgent, 'accept-encoding': 'identity' };
    const sent = { ...options, method: request.method, headers: { ...headers, ...own, ...options.headers } };
    const body = uploadOf(request.body);
    try {
      await exchange.send(open, sent, body);
    } catch (error) {
      if (body?.failure instanceof Error) throw body.failure;
      reporter.detail(
        `${request.method} ${showUrl(url)} → ${error instanceof Error ? error.message : 'failed'}`,
      );
      throw networkError(error, url, proxy);
    }
    reporter.detail(`${request.method} ${showUrl(url)} → ${exchange.status} (${now() - startedAt} ms)`);
    if (readByProxy && exchange.status === 407) {
      await exchange.discard();
      throw refusedByProxy(proxy ?? '', url, 407);
    }
    return new HttpResponse(url, exchange);
  }

  #delayFor(response: HttpResponse, attempt: number): number {
    return retryAfterMs(response.header('retry-after'), this.#system.now()) ?? this.#backOff(attempt);
  }

  #backOff(attempt: number): number {
    const delay = Math.min(maxDelayMs, (this.#options.retryDelayMs ?? 250) * 2 ** (attempt - 1));
    // Many clients that lost the same server should not come back in the same instant.
    return delay * (0.9 + Math.random() * 0.2);
  }

  async #pause(delayMs: number, why: string): Promise<void> {
    this.#system.reporter.detail(`${why}; again in ${Math.round(delayMs)} ms`);
    await pause(delayMs, this.#system.signal);
  }
}

/** Returns true for a status after which the same request may succeed later. */
export function isPassing(status: number): boolean {
  return retryStatus.has(status);
}

/** Retry-After (seconds or a date) in milliseconds from now, or undefined. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** Query parameters that say what was asked, and are no secret in any registry. */
const harmless = new Set(['n', 'last', 'digest', 'mount', 'from', 'scope', 'service', 'artifactType', 'tag']);

/** Returns a URL to show: without user info, and of the query only what cannot be a signature or a token. */
export function showUrl(url: URL): string {
  const query = [...url.searchParams].map(([name, value]) => `${name}=${harmless.has(name) ? value : '***'}`);
  return `${url.origin}${url.pathname}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function nextHop(location: string, from: URL, { method }: HttpRequest): URL {
  const refuse = (why: string): WasmeError =>
    new WasmeError('NETWORK', `${showUrl(from)} redirects ${why}`, {
      hint: 'the registry or a proxy in front of it is set up wrongly',
    });
  if (!URL.canParse(location, from.href)) throw refuse('to something that is no URL');
  const next = new URL(location, from);
  if (next.protocol !== 'https:' && next.protocol !== 'http:') throw refuse(`to ${next.protocol}`);
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw refuse(`from https to plain http (${next.host})`);
  if (method !== 'GET' && method !== 'HEAD' && next.origin !== from.origin) {
    throw refuse(`an upload to another host, ${next.origin}`);
  }
  return next;
}

interface Upload extends ExchangeBody {
  /** Error of the source, which is not a failure of the network. */
  failure: unknown;
}

function uploadOf(body: HttpRequest['body']): Upload | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = Buffer.from(body);
    return { size: bytes.byteLength, chunks: [bytes], failure: undefined };
  }
  const upload: Upload = { size: body.size, chunks: watched(body), failure: undefined };
  async function* watched(source: HttpBody): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* source.open();
    } catch (error) {
      upload.failure = error;
      throw error;
    }
  }
  return upload;
}
