/** A running proxy in this thread: listener, clusters and the filter chain between them. */
import type { Certificate } from './certificate.ts';
import type { Clusters } from './upstream/clusters.ts';
import { ActiveStream } from './active-stream.ts';
import { type Listener, listenHttp } from './listener.ts';
import { type StreamFactory, passThroughChain } from './pass-through.ts';
import type { Route } from './upstream/routes.ts';
import type { ProxyStreamInfo } from './stream-info.ts';

export interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Another worker's listening socket, to accept from as well. */
  readonly socket?: number | undefined;
  readonly clusters: Clusters;
  readonly routes: readonly Route[];
  readonly chain?: StreamFactory;
  /** Pass HTTP/1 trailers on; default true. */
  readonly trailers?: boolean;
  /** Present: the listener speaks TLS. */
  readonly certificate?: Certificate | undefined;
  /** True for Envoy before 1.38, whose 503 names the reason why a connection failed. */
  readonly showTransportFailure?: boolean;
  /** Time that a stream may be idle; Envoy's default is 5 minutes. */
  readonly idleTimeoutMs?: number;
  readonly onStart?: () => void;
  /** Called when an exchange has ended. */
  readonly onExchange?: (facts: ProxyStreamInfo) => void;
}

export interface Proxy {
  readonly port: number;
  /** Its listening socket, for other workers. */
  readonly socket: number | undefined;
  /** Exchanges that run now. */
  readonly active: number;
  close(): Promise<void>;
}

/** Idle time is counted in sweeps over all connections, which costs a stream no timer; so it is right to a thirtieth. */
const idleSweeps = 30;

/** Starts to listen. Fails with PORT_IN_USE or PORT_REFUSED. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  // A number, not a set: see host/id-map.ts for what a set of streams costs.
  let active = 0;
  const context = {
    chain: options.chain ?? passThroughChain,
    table: {
      routes: options.routes,
      cluster: (name: string) => options.clusters.get(name),
      showTransportFailure: options.showTransportFailure ?? false,
    },
    onStart: () => {
      active++;
      options.onStart?.();
    },
    onEnd: (facts: ProxyStreamInfo) => {
      active--;
      options.onExchange?.(facts);
    },
  };
  const listener: Listener = await listenHttp({
    host: options.host,
    port: options.port,
    socket: options.socket,
    trailers: options.trailers ?? true,
    certificate: options.certificate,
    open: encoder => new ActiveStream(encoder, context),
  });
  const sweepMs = (options.idleTimeoutMs ?? 300_000) / idleSweeps;
  // Chosen by tests alone, and short there.
  // eslint-disable-next-line wasme/timer-delays
  const sweeper = setInterval(() => listener.sweep(idleSweeps), sweepMs).unref();
  return {
    port: listener.port,
    socket: listener.socket,
    get active() {
      return active;
    },
    close: () => {
      clearInterval(sweeper);
      return listener.close();
    },
  };
}
