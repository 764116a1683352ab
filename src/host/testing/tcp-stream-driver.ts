/** One connection through a chain of network filters without sockets; called in the place of the client and of the upstream. */
import { newStreamInfo } from '../properties/stream-info.ts';
import type { TcpChain } from '../tcp/tcp-chain.ts';
import type { StreamInfo, TcpStream, TcpStreamSink } from '../types.ts';
import type { SimulatedEnvironment } from './simulated-environment.ts';

export class TcpStreamDriver implements TcpStreamSink {
  readonly info: StreamInfo;
  /** The filters let the connection go on to the upstream. */
  connected = false;
  /** A filter or the upstream has closed the connection of the client. */
  closed = false;
  readonly #stream: TcpStream | undefined;

  constructor(chain: TcpChain, environment: SimulatedEnvironment) {
    this.info = newStreamInfo({ startTimeNs: environment.realtimeNs() });
    // A filter may close the connection in here.
    this.#stream = chain.open(this, this.info);
  }

  sendData(data: Uint8Array, endOfStream = false): void {
    if (!this.closed) this.#stream?.downstreamData(data, endOfStream);
  }

  respondData(data: Uint8Array, endOfStream = false): void {
    if (!this.closed) this.#stream?.upstreamData(data, endOfStream);
  }

  disconnectClient(): void {
    this.#stream?.downstreamClosed('remote');
  }

  disconnectUpstream(): void {
    this.#stream?.upstreamClosed('remote');
  }

  toUpstream(): void {
    // The bytes end here.
  }

  toDownstream(): void {
    // The bytes end here.
  }

  connectUpstream(): void {
    this.connected = true;
  }

  closeDownstream(): void {
    if (this.closed) return;
    this.closed = true;
    this.#stream?.downstreamClosed('local');
  }

  closeUpstream(): void {
    this.closed = true;
  }
}
