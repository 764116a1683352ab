/** Tunnels through a forward proxy: CONNECT, the proxy's login, then TLS with the host behind it. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as requestPlain } from 'node:http';
import { Agent, type AgentOptions, request as requestTls } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, type SecureContext, connect } from 'node:tls';
import { hostAndPort } from './endpoint.ts';
import { connectTimeoutMs, refusedByProxy, timeoutError } from './http-errors.ts';

export interface TlsToProxy {
  readonly secureContext?: SecureContext;
}

type Connected = (error: Error | null, socket?: Duplex) => void;

/** The header with the name and password that the proxy's URL holds. */
export function proxyLogin({ username, password }: URL): OutgoingHttpHeaders {
  if (username === '' && password === '') return {};
  const login = `${decoded(username)}:${decoded(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}

/** Opens connections through one proxy. Requests fail with NETWORK when it answers CONNECT with anything but 2xx. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #tlsToProxy: TlsToProxy;
  readonly #signal: AbortSignal;

  constructor(proxy: URL, tlsToProxy: TlsToProxy, signal: AbortSignal, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#tlsToProxy = tlsToProxy;
    this.#signal = signal;
  }

  override createConnection(options: ConnectionOptions, done: Connected): undefined {
    const { hostname, port, protocol } = this.#proxy;
    const target = hostAndPort(options.host ?? '', Number(options.port));
    const open = protocol === 'https:' ? requestTls : requestPlain;
    const request = open({
      ...this.#tlsToProxy,
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      ...(port === '' ? {} : { port }),
      path: target,
      headers: { host: target, ...proxyLogin(this.#proxy) },
      agent: false,
      timeout: connectTimeoutMs,
      signal: this.#signal,
    });
    request
      .once('connect', (response: IncomingMessage, socket: Duplex, head: Buffer) => {
        const status = response.statusCode ?? 0;
        if (status < 200 || status > 299) {
          socket.destroy();
          return done(refusedByProxy(this.#proxy.host, new URL(`https://${target}`), status));
        }
        if (head.length > 0) socket.unshift(head);
        done(null, connect({ ...options, socket }));
      })
      .once('timeout', () => request.destroy(timeoutError('connect')))
      .once('error', done)
      .end();
  }
}

/** A name or password with a `%` that encodes nothing is meant as it is written. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
