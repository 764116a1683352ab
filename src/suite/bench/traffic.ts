/** One stream through a chain, as directly as it goes: what a benchmark repeats. Says how the stream ended. */
import { type HttpChain, type TcpChain, newStreamInfo } from '../../host/index.ts';
import { type HeaderEntry, HeaderMap } from '../../host/http/header-map.ts';
import type { HttpStreamSink, StreamInfo, TcpStreamSink } from '../../host/types.ts';
import type { BenchEnvironment } from './bench-environment.ts';

/** What every stream carries. */
export interface Workload {
  readonly path: string;
  /** Added to the ordinary request headers. */
  readonly headers: readonly HeaderEntry[];
  /** Of the request and of the response, one chunk each; 0: none. */
  readonly bodyBytes: number;
}

/** A status code, `closed` for a connection, `reset`, or `unfinished`: nobody resumed it. */
export type StreamEnd = string;

/** A stream that has not moved for so long of virtual time never will. */
const patienceMs = 60_000;

export function httpTraffic(chain: HttpChain, world: BenchEnvironment, workload: Workload): () => StreamEnd {
  const body = new Uint8Array(workload.bodyBytes).fill(0x61);
  const hasBody = body.length > 0;
  const length: HeaderEntry = ['content-length', String(body.length)];
  const request: readonly HeaderEntry[] = [
    [':authority', 'bench.example'],
    [':path', workload.path],
    [':method', hasBody ? 'POST' : 'GET'],
    [':scheme', 'http'],
    ['user-agent', 'wasme-bench'],
    ['accept', '*/*'],
    ...(hasBody ? [length] : []),
    ['x-forwarded-proto', 'http'],
    ['x-request-id', '00000000-0000-4000-8000-000000000000'],
    ...workload.headers,
  ];
  const response: readonly HeaderEntry[] = [
    [':status', '200'],
    ['content-type', 'text/plain'],
    length,
    ['date', 'Mon, 01 Jan 2024 00:00:00 GMT'],
    ['x-envoy-upstream-service-time', '1'],
  ];
  return () => {
    const info = newStreamInfo({ startTimeNs: world.realtimeNs() });
    const sink = new HttpEnd(info);
    const stream = chain.open(sink, info);
    stream.decodeHeaders(copyOf(request), !hasBody);
    if (hasBody && !sink.over) stream.decodeData(body, true);
    if (!sink.requestEnded && !sink.over) world.run(patienceMs, () => sink.requestEnded || sink.over);
    if (sink.requestEnded && !sink.over) {
      stream.encodeHeaders(copyOf(response), !hasBody);
      if (hasBody && !sink.over) stream.encodeData(body, true);
      if (!sink.over) world.run(patienceMs, () => sink.over);
    }
    const finished = sink.over;
    if (!finished) stream.reset('downstream_remote_disconnect');
    stream.complete();
    return !finished ? 'unfinished' : sink.wasReset ? 'reset' : sink.status;
  };
}

/** A connection: one chunk each way, then the client closes. */
export function tcpTraffic(chain: TcpChain, world: BenchEnvironment, workload: Workload): () => StreamEnd {
  const data = new Uint8Array(workload.bodyBytes).fill(0x61);
  return () => {
    const sink = new TcpEnd();
    const stream = chain.open(sink, newStreamInfo({ startTimeNs: world.realtimeNs() }));
    if (data.length > 0) stream.downstreamData(data, false);
    if (!sink.connected && !sink.closed) world.run(patienceMs, () => sink.connected || sink.closed);
    const finished = sink.connected || sink.closed;
    if (data.length > 0 && !sink.closed) stream.upstreamData(data, false);
    stream.downstreamClosed(sink.closed ? 'local' : 'remote');
    return !finished ? 'unfinished' : sink.closed ? 'reset' : 'closed';
  };
}

/** Maps are changed by filters: each stream has its own, as behind a socket. */
function copyOf(entries: readonly HeaderEntry[]): HeaderMap {
  return new HeaderMap(entries.map(([name, value]) => [name, value]));
}

class HttpEnd implements HttpStreamSink {
  requestEnded = false;
  over = false;
  wasReset = false;
  status = '';
  readonly #info: StreamInfo;

  constructor(info: StreamInfo) {
    this.#info = info;
  }

  forwardRequestHeaders(_headers: HeaderMap, endOfStream: boolean): void {
    this.requestEnded = endOfStream;
  }

  forwardRequestData(_data: Uint8Array, endOfStream: boolean): void {
    this.requestEnded = endOfStream;
  }

  forwardRequestTrailers(): void {
    this.requestEnded = true;
  }

  forwardResponseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.status = headers.get(':status') ?? '';
    this.#info.responseCode = Number(this.status);
    this.over = endOfStream;
  }

  forwardResponseData(_data: Uint8Array, endOfStream: boolean): void {
    this.over = endOfStream;
  }

  forwardResponseTrailers(): void {
    this.over = true;
  }

  reset(): void {
    this.wasReset = true;
    this.over = true;
  }

  readDisable(): void {
    // The one chunk is here already.
  }

  clearRouteCache(): void {
    // There is one route.
  }
}

class TcpEnd implements TcpStreamSink {
  connected = false;
  closed = false;

  toUpstream(): void {
    // Bytes end here.
  }

  toDownstream(): void {
    // Bytes end here.
  }

  connectUpstream(): void {
    this.connected = true;
  }

  closeDownstream(): void {
    this.closed = true;
  }

  closeUpstream(): void {
    this.closed = true;
  }
}
