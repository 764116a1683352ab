/** One request through a chain in a virtual world: the client's and the upstream's side, and what each of them saw. */
import { type HttpChain, newStreamInfo } from '../../host/index.ts';
import { HeaderMap } from '../../host/http/header-map.ts';
import type { HttpStream, HttpStreamSink, StreamInfo } from '../../host/types.ts';
import { type Chunking, bodyChunks, headerEntries, observed } from '../message.ts';
import type { ObservedMessage } from '../outcome.ts';
import type { Answer, Request } from '../file/schema.ts';
import type { VirtualEnvironment } from './virtual-environment.ts';

class Side {
  headers: HeaderMap | undefined;
  trailers: HeaderMap | undefined;
  readonly chunks: Uint8Array[] = [];
  ended = false;

  seen(): ObservedMessage | undefined {
    return this.headers && observed(this.headers, this.chunks, this.trailers);
  }
}

export class HttpStreamDriver implements HttpStreamSink {
  readonly upstream = new Side();
  readonly downstream = new Side();
  readonly info: StreamInfo;
  wasReset = false;
  readonly #stream: HttpStream;
  readonly #world: VirtualEnvironment;
  readonly #answer: Answer;
  readonly #cut: Chunking;

  constructor(chain: HttpChain, world: VirtualEnvironment, answer: Answer, cut: Chunking) {
    this.#world = world;
    this.#answer = answer;
    this.#cut = cut;
    this.info = newStreamInfo({ startTimeNs: world.realtimeNs() });
    this.#stream = chain.open(this, this.info);
  }

  get over(): boolean {
    return this.downstream.ended || this.wasReset;
  }

  /** Hands the request to the chain, chunk by chunk, a virtual millisecond apart. */
  send(request: Request): void {
    const chunks = bodyChunks(request, this.#cut);
    const trailers = headerEntries(request.trailers);
    const method = request.method ?? (chunks.length > 0 ? 'POST' : 'GET');
    const headers = new HeaderMap([
      [':authority', request.authority ?? 'suite.example'],
      [':path', request.path ?? '/'],
      [':method', method],
      [':scheme', request.scheme ?? 'http'],
      ...headerEntries(request.headers),
      ['x-forwarded-proto', request.scheme ?? 'http'],
      ['x-request-id', '00000000-0000-4000-8000-000000000000'],
    ]);
    const only = chunks.length === 0 && trailers.length === 0;
    this.#stream.decodeHeaders(headers, only);
    chunks.forEach((chunk, index) => {
      this.#world.schedule(index + 1, () => this.#unlessOver(() => this.#stream.decodeData(chunk, false)));
    });
    if (only) return;
    // As HTTP/1 delivers it: an empty last chunk, or the trailers.
    this.#world.schedule(chunks.length + 1, () =>
      this.#unlessOver(() => {
        if (trailers.length > 0) this.#stream.decodeTrailers(new HeaderMap(trailers));
        else this.#stream.decodeData(new Uint8Array(), true);
      }),
    );
  }

  /** Log, done, delete. */
  end(): void {
    if (!this.over) this.#stream.reset('downstream_remote_disconnect');
    this.#stream.complete();
  }

  forwardRequestHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.upstream.headers = headers.clone();
    if (endOfStream) this.#requestEnded();
  }

  forwardRequestData(data: Uint8Array, endOfStream: boolean): void {
    this.upstream.chunks.push(data.slice());
    if (endOfStream) this.#requestEnded();
  }

  forwardRequestTrailers(trailers: HeaderMap): void {
    this.upstream.trailers = trailers.clone();
    this.#requestEnded();
  }

  forwardResponseHeaders(headers: HeaderMap, endOfStream: boolean): void {
    this.downstream.headers = headers.clone();
    this.info.responseCode = Number(headers.get(':status'));
    this.downstream.ended = endOfStream;
  }

  forwardResponseData(data: Uint8Array, endOfStream: boolean): void {
    this.downstream.chunks.push(data.slice());
    this.downstream.ended = endOfStream;
  }

  forwardResponseTrailers(trailers: HeaderMap): void {
    this.downstream.trailers = trailers.clone();
    this.downstream.ended = true;
  }

  reset(details: string): void {
    this.wasReset = true;
    this.info.responseCodeDetails ??= details;
  }

  readDisable(): void {
    // A suite's bodies are small and already here: there is nothing to hold back.
  }

  clearRouteCache(): void {
    // There is one route.
  }

  #requestEnded(): void {
    this.upstream.ended = true;
    this.#world.schedule(1, () => this.#respond());
  }

  /** The upstream's answer, chunk by chunk. */
  #respond(): void {
    const chunks = bodyChunks(this.#answer, this.#cut);
    const trailers = headerEntries(this.#answer.trailers);
    const only = chunks.length === 0 && trailers.length === 0;
    this.#unlessOver(() => {
      const headers = [...headerEntries(this.#answer.headers)];
      this.#stream.encodeHeaders(
        new HeaderMap([[':status', String(this.#answer.status ?? 200)], ...headers]),
        only,
      );
    });
    chunks.forEach((chunk, index) => {
      this.#world.schedule(index + 1, () => this.#unlessOver(() => this.#stream.encodeData(chunk, false)));
    });
    if (only) return;
    this.#world.schedule(chunks.length + 1, () =>
      this.#unlessOver(() => {
        if (trailers.length > 0) this.#stream.encodeTrailers(new HeaderMap(trailers));
        else this.#stream.encodeData(new Uint8Array(), true);
      }),
    );
  }

  #unlessOver(body: () => void): void {
    if (!this.over) body();
  }
}
