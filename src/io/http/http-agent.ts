/** Connections: which proxy, which certificates, kept open between requests. http.ts sends over what is made here. */
import type { LookupFunction } from 'node:net';
import { resolve } from 'node:path';
import { versions } from 'node:process';
// As a whole: its list of authorities is only made when it is asked for.
import tls, { type SecureContext, type SecureContextOptions } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { WasmeError } from '../../errors.ts';
import type { Dispatcher } from 'undici';
import type { SystemContext } from '../system-context.ts';
import { maxKeyBytes } from '../files/file-limits.ts';
import { readText } from '../files/files.ts';
import { connectTimeoutMs, idleTimeoutMs } from './http-errors.ts';
import { proxyFor } from './http-proxy.ts';

export interface TlsOptions {
  /** PEM file of certificates to trust besides the usual ones. */
  readonly caFile?: string | undefined;
  /** PEM files of a client certificate and its key. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined;
  /** Resolves the names of hosts that are reached without a proxy. Default: as the system does. */
  readonly lookup?: LookupFunction | undefined;
}

/** Made once: to parse all authorities takes 0.1 s. */
interface TlsSettings {
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: boolean;
}

/** Where requests for a URL go. */
interface Way {
  readonly dispatcher: Dispatcher;
  /** The proxy's host, for messages. */
  readonly proxy: string | undefined;
}

/** Hands out one dispatcher per proxy (or none), all with the same TLS settings. */
export class Connections {
  readonly #system: SystemContext;
  readonly #options: TlsOptions;
  readonly #open = new Map<string, Dispatcher>();
  #tls: Promise<TlsSettings> | undefined;

  constructor(system: SystemContext, options: TlsOptions) {
    this.#system = system;
    this.#options = options;
  }

  /** Fails with FILE_NOT_FOUND and CREDENTIALS_INVALID for certificates, and with USAGE for a proxy that is none. */
  async for(url: URL): Promise<Way> {
    const proxy = proxyFor(url, this.#system.env);
    // Its tunnels are for TLS; it asks for plain HTTP itself.
    const tunnel = url.protocol === 'https:';
    const settings = tunnel || proxy?.protocol === 'https:' ? await (this.#tls ??= this.#readTls()) : {};
    const key = `${proxy?.href ?? ''} ${tunnel}`;
    const dispatcher =
      this.#open.get(key) ?? (await makeDispatcher(settings, proxy, tunnel, this.#options.lookup));
    this.#open.set(key, dispatcher);
    return { dispatcher, proxy: proxy?.host };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(dispatcher => dispatcher.destroy()));
    this.#open.clear();
  }

  async #readTls(): Promise<TlsSettings> {
    const { caFile, certFile, keyFile, insecure } = this.#options;
    const { env } = this.#system;
    // Naming certificates replaces Node's own list, so that list has to be named too.
    const files = [caFile, env['SSL_CERT_FILE'], env['NODE_EXTRA_CA_CERTS']].filter(Boolean) as string[];
    const extra = await Promise.all([...new Set(files)].map(file => this.#readPem(file)));
    const own = {
      ...(extra.length === 0 ? {} : { ca: [...tls.rootCertificates, ...extra] }),
      ...(certFile ? { cert: await this.#readPem(certFile) } : {}),
      ...((keyFile ?? certFile) ? { key: await this.#readPem(keyFile ?? certFile ?? '') } : {}),
    };
    return {
      ...(Object.keys(own).length === 0 ? {} : { secureContext: usable(own, [...files, certFile, keyFile]) }),
      ...(insecure ? { rejectUnauthorized: false } : {}),
    };
  }

  async #readPem(file: string): Promise<string> {
    return await readText(resolve(this.#system.cwd, file), maxKeyBytes);
  }
}

async function makeDispatcher(
  settings: TlsSettings,
  proxy: URL | undefined,
  tunnel: boolean,
  lookup?: LookupFunction,
): Promise<Dispatcher> {
  const timeouts = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs };
  const connect = { timeout: connectTimeoutMs };
  if (proxy === undefined) {
    // Not undici as a whole: its other half, fetch and web sockets, also wakes the second undici that is built into Node.
    const [{ default: Agent }, { default: buildConnector }] = await Promise.all([
      import('undici/lib/dispatcher/agent.js'),
      import('undici/lib/core/connect.js'),
    ]);
    const resolver = lookup === undefined ? {} : { lookup };
    const open = buildConnector({ ...connect, ...resolver, ...settings, allowH2: false });
    return new Agent({
      ...timeouts,
      connect: (options, done) =>
        open(options, (...connected) => {
          // In here the parser is made.
          unoptimized(() => done(...connected));
        }),
    });
  }
  const { ProxyAgent } = await import('undici');
  const { secureContext } = settings;
  return new ProxyAgent({
    ...timeouts,
    uri: proxy.href,
    requestTls: { ...settings },
    proxyTls: { ...connect, ...(secureContext === undefined ? {} : { secureContext }) },
    proxyTunnel: tunnel,
  });
}

/**
 * WebAssembly that is made in `body` stays as it was first compiled. V8 11, in Node 20, takes 0.1 s and 36 MB to optimize
 * undici's parser after its first answer, and the process does not end before; later versions wait for a few more.
 */
function unoptimized(body: () => void): void {
  if (!versions.v8.startsWith('11.')) return body();
  setFlagsFromString('--liftoff-only');
  try {
    body();
  } finally {
    setFlagsFromString('--no-liftoff-only');
  }
}

/** Before anything is sent: Node would fail at the first connection, without a name. */
function usable(options: SecureContextOptions, files: readonly (string | undefined)[]): SecureContext {
  try {
    return tls.createSecureContext(options);
  } catch (error) {
    const named = files.filter(Boolean).join(', ');
    throw new WasmeError('CREDENTIALS_INVALID', `the certificates cannot be used: ${named}`, {
      hint: 'each has to be a PEM file, the key unencrypted and the one of the certificate',
      cause: error,
    });
  }
}
