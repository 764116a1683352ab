/** The streams that a benchmark repeats, sent as directly as possible; each returns how it ended. */
import { emptyBytes } from '../../host/encoding/bytes.ts';
import {
  type HeaderEntry,
  HeaderMap,
  type HttpChain,
  HttpStreamDriver,
  type SimulatedEnvironment,
  type TcpChain,
  TcpStreamDriver,
} from '../../host/index.ts';

/** The request of every stream. */
export interface Workload {
  readonly path: string;
  /** Added to the ordinary request headers. */
  readonly headers: readonly HeaderEntry[];
  /** Of the request and of the response: one chunk each, then an empty last one; 0: none. */
  readonly bodyBytes: number;
}

/** A status code, `closed` for a connection, `reset`, or `unfinished`: the filter never resumed it. */
export type StreamEnd = string;

/** A stream that has not moved for this long of virtual time will never move. */
const patienceMs = 60_000;

export function httpTraffic(
  chain: HttpChain,
  environment: SimulatedEnvironment,
  workload: Workload,
): () => StreamEnd {
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
    const stream = new HttpStreamDriver(chain, environment);
    stream.sendHeaders(copyOf(request), !hasBody);
    if (hasBody) {
      stream.sendData(body);
      stream.sendData(emptyBytes, true);
    }
    if (!stream.requestEnded) waitFor(environment, () => stream.requestEnded || stream.over);
    if (stream.requestEnded) {
      stream.respondHeaders(copyOf(response), !hasBody);
      if (hasBody) {
        stream.respondData(body);
        stream.respondData(emptyBytes, true);
      }
      if (!stream.over) waitFor(environment, () => stream.over);
    }
    if (!stream.over) {
      stream.disconnectClient();
      return 'unfinished';
    }
    return stream.wasReset ? 'reset' : String(stream.status);
  };
}

/** Returns one connection: a chunk in each direction, then the client closes it. */
export function tcpTraffic(
  chain: TcpChain,
  environment: SimulatedEnvironment,
  workload: Workload,
): () => StreamEnd {
  const data = new Uint8Array(workload.bodyBytes).fill(0x61);
  return () => {
    const stream = new TcpStreamDriver(chain, environment);
    if (data.length > 0) stream.sendData(data);
    if (!stream.connected && !stream.closed) waitFor(environment, () => stream.connected || stream.closed);
    const finished = stream.connected || stream.closed;
    if (data.length > 0) stream.respondData(data);
    const end = !finished ? 'unfinished' : stream.closed ? 'reset' : 'closed';
    stream.disconnectClient();
    return end;
  };
}

function waitFor(environment: SimulatedEnvironment, done: () => boolean): void {
  environment.advanceUntil(done, patienceMs);
}

/** Filters change the maps, so each stream has its own. */
function copyOf(entries: readonly HeaderEntry[]): HeaderMap {
  return new HeaderMap(entries.map(([name, value]) => [name, value]));
}
