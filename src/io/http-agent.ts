/** Connections: which proxy, which certificates, kept open between requests. http-exchange.ts sends over what is made here. */
import { Agent as PlainAgent, type RequestOptions } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { resolve } from 'node:path';
// As a whole: its list of authorities is only made when it is asked for.
import tls, { type SecureContextOptions } from 'node:tls';
import { WasmeError } from '../errors.ts';
import type { Edges } from './edges.ts';
import { readText } from './files.ts';
import { bareHost, portOf, proxyAuthorization, proxyFor } from './http-proxy.ts';
import { TunnelAgent } from './http-tunnel.ts';

export interface TlsOptions {
  /** PEM file of certificates to trust besides the usual ones. */
  readonly caFile?: string | undefined;
  /** PEM files of a client certificate and its key. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined;
}

export const connectTimeoutMs = 10_000;
/** Until the response's head, and between two pieces of its body: a slow registry may take its time, a dead one not. */
export const idleTimeoutMs = 60_000;

const keepOpen = { keepAlive: true, timeout: idleTimeoutMs };

/** Where a request is sent, and over what: for `request` of node:http, or of node:https where `protocol` says so. */
export type Route = Pick<RequestOptions, 'protocol' | 'host' | 'port' | 'path' | 'agent'> & {
  readonly headers: Readonly<Record<string, string>>;
  /** Who is at the other end of the connection, for messages. */
  readonly peer: string;
};

/** Hands out one agent per proxy (or none), all with the same TLS settings. */
export class Connections {
  readonly #edges: Edges;
  readonly #options: TlsOptions;
  readonly #agents = new Map<string, PlainAgent>();
  #tls: Promise<SecureContextOptions & { rejectUnauthorized?: boolean }> | undefined;

  constructor(edges: Edges, options: TlsOptions) {
    this.#edges = edges;
    this.#options = options;
  }

  /** Fails with FILE_NOT_FOUND for certificates that are not there, and with USAGE for a proxy that is none. */
  async route(url: URL): Promise<Route> {
    const proxy = proxyFor(url, this.#edges.env);
    const direct = { host: bareHost(url.hostname), port: portOf(url), path: `${url.pathname}${url.search}` };
    const headers = { host: url.host };
    if (url.protocol === 'https:') {
      return { protocol: 'https:', ...direct, headers, peer: url.host, agent: await this.#tlsAgent(proxy) };
    }
    const agent = this.#agent(proxy?.protocol ?? 'http:', () => new PlainAgent(keepOpen));
    if (proxy === undefined) return { protocol: 'http:', ...direct, headers, peer: url.host, agent };
    // A proxy for plain HTTP is told the whole URL and asks for it itself.
    return {
      protocol: proxy.protocol,
      host: bareHost(proxy.hostname),
      port: portOf(proxy),
      path: `${url.origin}${direct.path}`,
      headers: { ...headers, ...proxyAuthorization(proxy) },
      peer: `the proxy ${proxy.host}`,
      agent: proxy.protocol === 'https:' ? await this.#tlsAgent(undefined) : agent,
    };
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  async #tlsAgent(proxy: URL | undefined): Promise<PlainAgent> {
    const secure = await (this.#tls ??= this.#readTls());
    const options = { ...keepOpen, ...secure };
    return this.#agent(`tls ${proxy?.href ?? ''}`, () =>
      proxy === undefined ? new TlsAgent(options) : new TunnelAgent(proxy, connectTimeoutMs, options),
    );
  }

  #agent(key: string, make: () => PlainAgent): PlainAgent {
    const agent = this.#agents.get(key) ?? make();
    this.#agents.set(key, agent);
    return agent;
  }

  async #readTls(): Promise<SecureContextOptions & { rejectUnauthorized?: boolean }> {
    const { caFile, certFile, keyFile, insecure } = this.#options;
    const { env } = this.#edges;
    // Naming certificates replaces Node's own list, so that list has to be named too.
    const files = [caFile, env['SSL_CERT_FILE'], env['NODE_EXTRA_CA_CERTS']].filter(Boolean) as string[];
    const extra = await Promise.all([...new Set(files)].map(file => this.#readPem(file)));
    const own = {
      ...(extra.length === 0 ? {} : { ca: [...tls.rootCertificates, ...extra] }),
      ...(certFile ? { cert: await this.#readPem(certFile) } : {}),
      ...((keyFile ?? certFile) ? { key: await this.#readPem(keyFile ?? certFile ?? '') } : {}),
    };
    if (Object.keys(own).length > 0) checkCertificates(own, [...files, certFile, keyFile]);
    return { ...own, ...(insecure ? { rejectUnauthorized: false } : {}) };
  }

  async #readPem(file: string): Promise<string> {
    return await readText(resolve(this.#edges.cwd, file));
  }
}

/** Before anything is sent: Node would fail at the first connection, without a name. */
function checkCertificates(options: SecureContextOptions, files: readonly (string | undefined)[]): void {
  try {
    tls.createSecureContext(options);
  } catch (error) {
    const named = files.filter(Boolean).join(', ');
    throw new WasmeError('CREDENTIALS_INVALID', `the certificates cannot be used: ${named}`, {
      hint: 'each has to be a PEM file, the key unencrypted and the one of the certificate',
      cause: error,
    });
  }
}
