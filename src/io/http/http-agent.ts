/** Connections: which proxy, which certificates, kept open between requests. http.ts sends over what is made here. */
import { Agent, type ClientRequest, type RequestOptions, request as requestPlain } from 'node:http';
import { Agent as TlsAgent, request as requestTls } from 'node:https';
import type { LookupFunction } from 'node:net';
import { resolve } from 'node:path';
// As a whole: its list of authorities is only made when it is asked for.
import tls, { type SecureContext, type SecureContextOptions } from 'node:tls';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../system-context.ts';
import { maxKeyBytes } from '../files/file-limits.ts';
import { readText } from '../files/files.ts';
import { proxyFor } from './http-proxy.ts';
import { TunnelAgent, proxyLogin } from './http-tunnel.ts';

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

/** The connection that a URL is reached by. */
export interface Way {
  /** Starts a request: what of it depends on where it goes is in `options` already. */
  readonly open: (options: RequestOptions) => ClientRequest;
  readonly options: RequestOptions;
  /** The proxy's host, for messages. */
  readonly proxy: string | undefined;
  /** True when the proxy reads the request, so that its refusals look like responses. */
  readonly readByProxy: boolean;
}

/** An idle connection is closed before servers commonly close it. */
const keepAliveMs = 4_000;

/** Keeps one agent for each proxy (or none), all with the same TLS settings. */
export class Connections {
  readonly #system: SystemContext;
  readonly #options: TlsOptions;
  readonly #open = new Map<string, Agent>();
  #tls: Promise<TlsSettings> | undefined;

  constructor(system: SystemContext, options: TlsOptions) {
    this.#system = system;
    this.#options = options;
  }

  /** Fails with FILE_NOT_FOUND and CREDENTIALS_INVALID for certificates, and with USAGE for an invalid proxy. */
  async for(url: URL): Promise<Way> {
    const proxy = proxyFor(url, this.#system.env);
    const isTls = url.protocol === 'https:';
    const settings = isTls || proxy?.protocol === 'https:' ? await (this.#tls ??= this.#readTls()) : {};
    // A proxy tunnels TLS, and asks for plain HTTP itself.
    const readByProxy = proxy !== undefined && !isTls;
    const key = `${proxy?.href ?? ''} ${isTls}`;
    const agent = this.#open.get(key) ?? this.#agentFor(settings, proxy, isTls);
    this.#open.set(key, agent);
    const next = readByProxy ? proxy : url;
    return {
      open: next.protocol === 'https:' ? requestTls : requestPlain,
      options: {
        agent,
        host: next.hostname.replace(/^\[|\]$/g, ''),
        ...(next.port === '' ? {} : { port: next.port }),
        path: readByProxy ? `${url.origin}${url.pathname}${url.search}` : `${url.pathname}${url.search}`,
        headers: { host: url.host, ...(readByProxy ? proxyLogin(proxy) : {}) },
      },
      proxy: proxy?.host,
      readByProxy,
    };
  }

  close(): void {
    for (const agent of this.#open.values()) agent.destroy();
    this.#open.clear();
  }

  #agentFor(settings: TlsSettings, proxy: URL | undefined, isTls: boolean): Agent {
    const { lookup } = this.#options;
    const options = { keepAlive: true, timeout: keepAliveMs };
    if (proxy === undefined) {
      const resolver = lookup === undefined ? {} : { lookup };
      return isTls
        ? new TlsAgent({ ...options, ...resolver, ...settings })
        : new Agent({ ...options, ...resolver });
    }
    const { secureContext } = settings;
    const toProxy = secureContext === undefined ? {} : { secureContext };
    if (isTls) return new TunnelAgent(proxy, toProxy, this.#system.signal, { ...options, ...settings });
    return proxy.protocol === 'https:' ? new TlsAgent({ ...options, ...toProxy }) : new Agent(options);
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
