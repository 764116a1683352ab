/** Passes one L4 connection through its filters: reads in order, writes in reverse, holds data back, closes. */
import { BodyBuffer } from '../http/body.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { RootContext } from '../vm/root-context.ts';
import { FilterStatus } from '../status.ts';
import { FilterState } from '../properties/filter-state.ts';
import { TcpContext } from './tcp-context.ts';
import type { StreamInfo, TcpStream, TcpStreamSink } from '../types.ts';

interface TcpChainStreamOptions {
  readonly now: () => bigint;
  /** Called when the filters were deleted. */
  readonly onEnd: () => void;
}

export class FilteredTcpStream implements TcpStream {
  readonly info: StreamInfo;
  readonly #sink: TcpStreamSink;
  readonly #filters: TcpContext[] = [];
  readonly #options: TcpChainStreamOptions;
  /** Data read from the client that filters hold back; the upstream's is beside it. */
  readonly #fromDownstream = new BodyBuffer();
  readonly #fromUpstream = new BodyBuffer();
  #downstreamEnded = false;
  #connectAsked = false;
  #state: FilterState | undefined;
  #busy = 0;
  #closing: string | undefined;
  #over = false;
  #finishing: number | undefined;

  constructor(
    roots: readonly RootContext[],
    sink: TcpStreamSink,
    info: StreamInfo,
    options: TcpChainStreamOptions,
  ) {
    this.#sink = sink;
    this.info = info;
    this.#options = options;
    for (const root of roots) this.#filters.push(new TcpContext(this, root, this.#filters.length));
  }

  /** Starts the filters for an accepted connection. */
  begin(): void {
    this.#busy++;
    this.#connect(0);
    this.#unwind();
  }

  downstreamData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#over || this.#closing !== undefined) return;
    this.info.bytesReceived += data.length;
    this.#fromDownstream.append(data);
    if (endOfStream) this.#downstreamEnded = true;
    this.#busy++;
    this.#read(0);
    this.#unwind();
  }

  upstreamData(data: Uint8Array, endOfStream: boolean): void {
    if (this.#over || this.#closing !== undefined) return;
    this.#fromUpstream.append(data);
    this.#busy++;
    this.#write(endOfStream);
    this.#unwind();
  }

  downstreamClosed(by: 'local' | 'remote'): void {
    if (this.#over) return;
    this.#finishing = by === 'local' ? 1 : 2;
    this.#busy++;
    this.#unwind();
  }

  upstreamClosed(by: 'local' | 'remote'): void {
    if (this.#over || by === 'local') return;
    // Envoy's TCP proxy closes the client side when the upstream is gone.
    this.#sink.closeDownstream('upstream_closed');
  }

  get filterState(): StateMap {
    this.#state ??= new FilterState();
    return this.#state;
  }

  /** Continues reading behind a filter that held it: the next filters start, and get the data read so far. */
  continueReading(filter: TcpContext): void {
    if (this.#over) return;
    this.#busy++;
    this.#connect(filter.index + 1);
    this.#read(filter.index + 1);
    this.#unwind();
  }

  close(details: string): void {
    if (this.#over || this.#closing !== undefined) return;
    this.#closing = details;
    this.#busy++;
    this.#unwind();
  }

  #connect(from: number): void {
    for (let i = from; i < this.#filters.length; i++) {
      const filter = this.#filters[i] as TcpContext;
      if (filter.connected) continue;
      if (filter.onNewConnection() === FilterStatus.Continue) continue;
      return;
    }
    if (this.#connectAsked || this.#closing !== undefined) return;
    this.#connectAsked = true;
    this.#sink.connectUpstream();
  }

  #read(from: number): void {
    for (let i = from; i < this.#filters.length; i++) {
      // A filter may have taken everything, or have let it go on from within its own callback.
      if (this.#fromDownstream.length === 0 && !this.#downstreamEnded) return;
      const filter = this.#filters[i] as TcpContext;
      if (!filter.connected) return;
      const status = filter.onDownstreamData(this.#fromDownstream, this.#downstreamEnded);
      if (status !== FilterStatus.Continue || this.#closing !== undefined) return;
    }
    if (this.#fromDownstream.length === 0 && !this.#downstreamEnded) return;
    this.#sink.toUpstream(this.#fromDownstream.take(), this.#downstreamEnded);
  }

  #write(end: boolean): void {
    for (let i = this.#filters.length - 1; i >= 0; i--) {
      const filter = this.#filters[i] as TcpContext;
      if (filter.onUpstreamData(this.#fromUpstream, end) !== FilterStatus.Continue) return;
      if (this.#closing !== undefined) return;
    }
    const bytes = this.#fromUpstream.take();
    this.info.bytesSent += bytes.length;
    this.#sink.toDownstream(bytes, end);
  }

  #unwind(): void {
    this.#busy--;
    if (this.#busy > 0 || this.#over) return;
    if (this.#closing !== undefined && this.#finishing === undefined) {
      this.#finishing = 1;
      this.#busy++;
      this.#sink.closeDownstream(this.#closing);
      this.#sink.closeUpstream(this.#closing);
      this.#busy--;
    }
    if (this.#finishing !== undefined) this.#finish(this.#finishing);
  }

  /** Closes the filters one after the other: each gets the close and its end before the next one does. */
  #finish(peer: number): void {
    this.#over = true;
    this.info.endTimeNs ??= this.#options.now();
    for (const filter of this.#filters) {
      filter.onDownstreamClose(peer);
      filter.destroy();
    }
    this.#options.onEnd();
  }
}
