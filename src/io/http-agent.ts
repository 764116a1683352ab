/** Connections: which proxy, which certificates. Kept apart from http.ts, which sends over what is made here. */
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { Edges } from './edges.ts';
import { readText } from './files.ts';

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
/** Until the response's headers, and between two pieces of its body: a slow registry may take its time, a dead one not. */
const idleTimeoutMs = 60_000;

/** Whether a host name or address is this machine: never proxied, plain HTTP without being told. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '');
  return (
    name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d+){3}$/.test(name)
  );
}

/** The proxy for a URL by HTTPS_PROXY, HTTP_PROXY and NO_PROXY (lower case wins), or undefined. */
export function proxyFor(url: URL, env: Edges['env']): string | undefined {
  const read = (name: string): string | undefined => env[name] || env[name.toUpperCase()] || undefined;
  const proxy = url.protocol === 'https:' ? read('https_proxy') : read('http_proxy');
  if (proxy === undefined || isLoopback(url.hostname) || isExempt(url, read('no_proxy') ?? ''))
    return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** NO_PROXY entries: `*`, host, .suffix, address, CIDR; each with an optional port. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some(entry => {
      if (entry === '*') return true;
      if (entry === '') return false;
      if (entry.includes('/')) return isInNetwork(host, entry);
      const [, name = entry, wantedPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      if (wantedPort !== undefined && wantedPort !== port) return false;
      const bare = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
      return host === bare || (isIP(bare) === 0 && host.endsWith(`.${bare}`));
    });
}

function isInNetwork(host: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIP(network);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d+$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(network, Number(bits), kind);
  return block.check(host, kind);
}

/** Hands out one dispatcher per proxy (or none), all with the same TLS settings. */
export class Connections {
  readonly #edges: Edges;
  readonly #options: TlsOptions;
  readonly #open = new Map<string, Dispatcher>();
  #tls: Promise<Record<string, unknown>> | undefined;

  constructor(edges: Edges, options: TlsOptions) {
    this.#edges = edges;
    this.#options = options;
  }

  async for(url: URL): Promise<Dispatcher> {
    const tls = await (this.#tls ??= this.#readTls());
    const proxy = proxyFor(url, this.#edges.env);
    const key = proxy ?? '';
    // Not before the network is asked: what comes out of the store or a file does without its 60 ms.
    const { Agent, ProxyAgent } = await import('undici');
    const found = this.#open.get(key);
    if (found) return found;
    const timeouts = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs };
    const made =
      proxy === undefined
        ? new Agent({ ...timeouts, connect: { timeout: connectTimeoutMs, ...tls } })
        : new ProxyAgent({
            ...timeouts,
            uri: proxy,
            requestTls: tls,
            proxyTls: { timeout: connectTimeoutMs },
            proxyTunnel: url.protocol === 'https:',
          });
    this.#open.set(key, made);
    return made;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(dispatcher => dispatcher.destroy()));
    this.#open.clear();
  }

  async #readTls(): Promise<Record<string, unknown>> {
    const { caFile, certFile, keyFile, insecure } = this.#options;
    const { env } = this.#edges;
    // Naming certificates replaces Node's own list, so that list has to be named too.
    const files = [caFile, env['SSL_CERT_FILE'], env['NODE_EXTRA_CA_CERTS']].filter(Boolean) as string[];
    const extra = await Promise.all([...new Set(files)].map(file => this.#readPem(file)));
    return {
      ...(extra.length === 0 ? {} : { ca: [...rootCertificates, ...extra] }),
      ...(certFile ? { cert: await this.#readPem(certFile) } : {}),
      ...((keyFile ?? certFile) ? { key: await this.#readPem(keyFile ?? certFile ?? '') } : {}),
      ...(insecure ? { rejectUnauthorized: false } : {}),
    };
  }

  async #readPem(file: string): Promise<string> {
    return await readText(resolve(this.#edges.cwd, file));
  }
}
