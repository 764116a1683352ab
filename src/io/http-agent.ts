/** Connections: which proxy, which certificates, kept open between requests. http.ts sends over what is made here. */
import { resolve } from 'node:path';
// As a whole: its list of authorities is only made when it is asked for.
import tls, { type SecureContextOptions } from 'node:tls';
import { WasmeError } from '../errors.ts';
import type { Dispatcher } from 'undici';
import type { Edges } from './edges.ts';
import { readText } from './files.ts';
import { proxyFor } from './http-proxy.ts';

export interface TlsOptions {
  /** PEM file of certificates to trust besides the usual ones. */
  readonly caFile?: string | undefined;
  /** PEM files of a client certificate and its key. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined;
}

const connectTimeoutMs = 10_000;
/** Until the response's head, and between two pieces of its body: a slow registry may take its time, a dead one not. */
const idleTimeoutMs = 60_000;

type TlsSettings = SecureContextOptions & { rejectUnauthorized?: boolean };

/** Where requests for a URL go. */
interface Way {
  readonly dispatcher: Dispatcher;
  /** The proxy's host, for messages. */
  readonly proxy: string | undefined;
}

/** Hands out one dispatcher per proxy (or none), all with the same TLS settings. */
export class Connections {
  readonly #edges: Edges;
  readonly #options: TlsOptions;
  readonly #open = new Map<string, Dispatcher>();
  #tls: Promise<TlsSettings> | undefined;

  constructor(edges: Edges, options: TlsOptions) {
    this.#edges = edges;
    this.#options = options;
  }

  /** Fails with FILE_NOT_FOUND and CREDENTIALS_INVALID for certificates, and with USAGE for a proxy that is none. */
  async for(url: URL): Promise<Way> {
    const settings = await (this.#tls ??= this.#readTls());
    const proxy = proxyFor(url, this.#edges.env);
    // Its tunnels are for TLS; it asks for plain HTTP itself.
    const tunnel = url.protocol === 'https:';
    const key = proxy === undefined ? '' : `${proxy.href} ${tunnel}`;
    const dispatcher = this.#open.get(key) ?? (await makeDispatcher(settings, proxy, tunnel));
    this.#open.set(key, dispatcher);
    return { dispatcher, proxy: proxy?.host };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(dispatcher => dispatcher.destroy()));
    this.#open.clear();
  }

  async #readTls(): Promise<TlsSettings> {
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

async function makeDispatcher(
  settings: TlsSettings,
  proxy: URL | undefined,
  tunnel: boolean,
): Promise<Dispatcher> {
  // Not before the network is asked: what comes out of the store or a file does without its 50 ms.
  const { Agent, ProxyAgent } = await import('undici');
  const timeouts = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs };
  const connect = { timeout: connectTimeoutMs };
  if (proxy === undefined)
    return new Agent({ ...timeouts, connect: { ...connect, ...settings }, allowH2: false });
  const { ca } = settings;
  return new ProxyAgent({
    ...timeouts,
    uri: proxy.href,
    requestTls: { ...settings },
    proxyTls: { ...connect, ...(ca === undefined ? {} : { ca }) },
    proxyTunnel: tunnel,
  });
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
