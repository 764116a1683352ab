/** A TCP proxy behind a chain of network filters: bytes of both sides through the chain, half-closes and resets kept. */
import { type Socket, connect, createServer } from 'node:net';
import type { StreamInfo, TcpStream, TcpStreamSink } from '../host/types.ts';
import type { Endpoint } from '../io/http/endpoint.ts';
import { connectionInfo, socketAddress } from './sockets/connection-info.ts';
import { upstreamCluster } from './upstream/routes.ts';
import { bind, descriptorOf } from './sockets/socket-copy.ts';
import { ProxyStreamInfo, nowMs } from './stream-info.ts';

export interface TcpProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Another worker's listening socket, to accept from as well. */
  readonly socket?: number | undefined;
  /** The chain of now: asked for each connection. */
  readonly chain: () => { open(sink: TcpStreamSink, info: StreamInfo): TcpStream };
  /** Undefined: what comes in goes back, as Envoy's echo filter does. */
  readonly upstream: Endpoint | undefined;
  /** Sides whose reset is passed on as a reset; other Envoys turn it into an orderly end. */
  readonly resets: { readonly client: boolean; readonly upstream: boolean };
}

export interface TcpProxy {
  readonly port: number;
  /** Its listening socket, for other workers. */
  readonly socket: number | undefined;
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
let lastConnectionId = 0;

/** Starts to listen. Fails with PORT_IN_USE or PORT_REFUSED. */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  const links = new Set<TcpLink>();
  // Envoy's TCP proxy does not read from the client before the upstream has answered.
  const pauseOnConnect = options.upstream !== undefined;
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect }, socket => {
    const link = new TcpLink(socket, options, () => links.delete(link));
    links.add(link);
    link.open();
  });
  const port = await bind(server, options);
  return {
    port,
    socket: descriptorOf(server),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        for (const link of links) link.closeDownstream();
      }),
  };
}

/** One client connection with its upstream connection. */
class TcpLink implements TcpStreamSink {
  readonly #downstream: Socket;
  readonly #options: TcpProxyOptions;
  readonly #onEnd: () => void;
  readonly #facts: ProxyStreamInfo;
  #upstream: Socket | undefined;
  #stream: TcpStream | undefined;
  #downstreamOpen = true;
  #upstreamOpen = false;
  /** Side that half-closed first: the second half-close ends the connection. */
  #firstEnd: 'downstream' | 'upstream' | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(downstream: Socket, options: TcpProxyOptions, onEnd: () => void) {
    this.#downstream = downstream;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#facts = new ProxyStreamInfo(undefined, connectionInfo(downstream, ++lastConnectionId));
    // Envoy's TCP proxy begins to tell of the upstream before it has one.
    if (options.upstream !== undefined) this.#facts.upstreamTransportFailure = '';
  }

  open(): void {
    const socket = this.#downstream;
    this.#stream = this.#options.chain().open(this, this.#facts);
    // The chain may have sent it away already.
    if (!this.#downstreamOpen) this.#stream.downstreamClosed('local');
    socket.on('data', (data: Buffer) => this.#stream?.downstreamData(data, false));
    socket.on('end', () => {
      this.#firstEnd ??= 'downstream';
      // Envoy's echo filter knows no half-close.
      if (this.#options.upstream === undefined) socket.destroySoon();
      else this.#stream?.downstreamData(Buffer.alloc(0), true);
    });
    let reset = false;
    socket.on('error', () => (reset = true));
    socket.on('drain', () => this.#upstream?.resume());
    socket.on('close', () => {
      if (!this.#downstreamOpen) return;
      this.#downstreamOpen = false;
      this.#stream?.downstreamClosed(reset ? 'remote' : this.#closedBy('remote'));
      if (reset && this.#options.resets.client) this.#upstream?.resetAndDestroy();
      else this.#upstream?.destroySoon();
      this.#finish();
    });
  }

  connectUpstream(): void {
    const { upstream: endpoint } = this.#options;
    if (endpoint === undefined || this.#upstream !== undefined || !this.#downstreamOpen) return;
    this.#facts.clusterName = upstreamCluster;
    this.#facts.upstreamRequestAttempts = 1;
    const socket = connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true, noDelay: true });
    this.#upstream = socket;
    this.#upstreamOpen = true;
    this.#timer = setTimeout(() => socket.destroy(), connectTimeoutMs);
    let connected = false;
    socket.on('connectionAttempt', (address: string, port: number) => {
      this.#facts.upstream = { id: 0, localAddress: '', remoteAddress: socketAddress(address, port) };
    });
    socket.once('connect', () => {
      clearTimeout(this.#timer);
      connected = true;
      this.#facts.upstream = connectionInfo(socket, ++lastConnectionId);
      this.#downstream.resume();
    });
    let reset = false;
    socket.on('data', (data: Buffer) => this.#stream?.upstreamData(data, false));
    socket.on('end', () => {
      this.#firstEnd ??= 'upstream';
      this.#stream?.upstreamData(Buffer.alloc(0), true);
    });
    socket.on('drain', () => this.#downstream.resume());
    socket.on('error', () => (reset = true));
    socket.on('close', () => {
      if (!this.#upstreamOpen) return;
      this.#upstreamOpen = false;
      this.#endDownstream(
        connected && reset && this.#options.resets.upstream,
        reset ? 'local' : this.#closedBy('local'),
      );
    });
  }

  toUpstream(data: Uint8Array, endOfStream: boolean): void {
    const target = this.#options.upstream === undefined ? this.#downstream : this.#upstream;
    if (target === undefined) return;
    if (this.#options.upstream === undefined) {
      // Echo: the upstream is the client itself, on the way back through the chain.
      this.#stream?.upstreamData(data, endOfStream);
      return;
    }
    if (data.length > 0 && !target.write(data)) this.#downstream.pause();
    if (endOfStream) target.end();
  }

  toDownstream(data: Uint8Array, endOfStream: boolean): void {
    if (data.length > 0 && !this.#downstream.write(data)) this.#upstream?.pause();
    if (endOfStream) this.#downstream.end();
  }

  closeDownstream(): void {
    this.#endDownstream(false);
    this.#upstream?.destroySoon();
  }

  closeUpstream(): void {
    this.#upstream?.destroySoon();
  }

  /** Returns who closed, as Envoy reports it: the upstream's end as the second is our close, the client's is its own. */
  #closedBy(otherwise: 'local' | 'remote'): 'local' | 'remote' {
    if (this.#options.upstream === undefined || this.#firstEnd === undefined) return otherwise;
    return this.#firstEnd === 'downstream' ? 'local' : 'remote';
  }

  #endDownstream(reset: boolean, by: 'local' | 'remote' = 'local'): void {
    if (!this.#downstreamOpen) return;
    this.#downstreamOpen = false;
    this.#stream?.downstreamClosed(by);
    if (reset) this.#downstream.resetAndDestroy();
    // Unread bytes of the client turn this into a reset, as in Envoy.
    else if (this.#downstream.writableLength === 0) this.#downstream.destroy();
    else this.#downstream.destroySoon();
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#facts.endMs = nowMs();
    this.#onEnd();
  }
}
