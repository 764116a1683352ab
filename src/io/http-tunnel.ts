/** TLS through a proxy: CONNECT first, then a handshake with the host behind it. */
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent, type AgentOptions, request as tlsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as startTls } from 'node:tls';
import { WasmeError } from '../errors.ts';
import { TimeoutError, networkError } from './http-errors.ts';
import { bareHost, portOf, proxyAuthorization } from './http-proxy.ts';

/** The proxy sees the host name and encrypted bytes, no more; our TLS settings are for the host behind it. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #timeoutMs: number;

  constructor(proxy: URL, connectTimeoutMs: number, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#timeoutMs = connectTimeoutMs;
  }

  override createConnection(
    options: ConnectionOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { host = '', port = 443 } = options;
    this.#tunnel(`${host.includes(':') ? `[${host}]` : host}:${port}`).then(
      socket => callback?.(null, startTls({ ...options, socket })),
      // Its type wants a stream beside the error, which there is not.
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  }

  #tunnel(target: string): Promise<Duplex> {
    const { protocol, hostname, host } = this.#proxy;
    const { ca } = this.options;
    const send = protocol === 'https:' ? tlsRequest : plainRequest;
    return new Promise((resolve, reject) => {
      const request = send({
        method: 'CONNECT',
        host: bareHost(hostname),
        port: portOf(this.#proxy),
        path: target,
        headers: { host: target, ...proxyAuthorization(this.#proxy) },
        agent: false,
        ...(ca === undefined ? {} : { ca }),
      });
      const timer = setTimeout(() => request.destroy(new TimeoutError('connect')), this.#timeoutMs);
      request.once('close', () => clearTimeout(timer));
      request.once('error', error => reject(networkError(error, this.#proxy, `the proxy ${host}`)));
      request.once('connect', (response: IncomingMessage, socket: Duplex) => {
        clearTimeout(timer);
        if (response.statusCode === 200) return void resolve(socket);
        socket.destroy();
        reject(refusedBy(host, target, response.statusCode ?? 0));
      });
      request.end();
    });
  }
}

function refusedBy(proxy: string, target: string, status: number): WasmeError {
  return new WasmeError(
    'NETWORK',
    `the proxy ${proxy} does not connect to ${target}: it answered ${status}`,
    {
      hint:
        status === 407
          ? 'it wants a login: put name:password@ in front of its host in HTTPS_PROXY'
          : 'ask its operator, or name the host in NO_PROXY to reach it directly',
    },
  );
}
