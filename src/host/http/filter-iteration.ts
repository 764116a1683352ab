/**
 * Passes one direction of an HTTP stream through the filters: iteration, holding back, buffering and its limit. The rules
 * and names are those of Envoy's filter manager; iteration-directions.ts adds what differs between decoding and encoding.
 */
import { BodyBuffer } from './body.ts';
import { emptyBytes } from '../encoding/bytes.ts';
import type { FilteredHttpStream } from './http-stream.ts';
import { HeaderMap } from './header-map.ts';
import type { HttpContext } from './http-context.ts';
import { DataStatus, FilterStatus, HeadersStatus } from '../status.ts';

const Iteration = { Continue: 0, StopSingle: 1, StopAllBuffer: 2, StopAllWatermark: 3 } as const;

/**
 * Keeps how far one filter has got in one direction, and which parts of the message its guest may touch now. A filter has one
 * for decoding and one for encoding; the fields of `HttpContext` hold what both share: created, destroyed, its log phase.
 */
export class FilterProgress {
  headers: HeaderMap | undefined;
  body: BodyBuffer | undefined;
  trailers: HeaderMap | undefined;
  /** The last body callback returned StopIterationAndBuffer: the next one gets the whole body so far. */
  buffering = false;
  iteration: number = Iteration.Continue;
  headersContinued = false;
  /** The filter is resumed from StopAllIteration…: it gets the held body before the next filter does. */
  iterateFromCurrent = false;
  endStream = false;

  /** Takes headers, body and trailers away from the guest. */
  drop(): void {
    this.headers = this.trailers = undefined;
    this.body = undefined;
  }
}

export abstract class FilterIteration {
  headers: HeaderMap | undefined;
  trailers: HeaderMap | undefined;
  /** The body that filters hold back; all filters of the direction share it. */
  buffered: BodyBuffer | undefined;
  /** The source has ended the message. */
  ended = false;
  /** Counts callbacks of filters, and calls of the sink, of this direction that have not returned; see `FilteredHttpStream.#busy`. */
  running = 0;
  /** No filter is called any more. */
  aborted = false;
  bodyChanged = false;
  protected readonly stream: FilteredHttpStream;
  readonly #limitBytes: number;
  readonly #forwardAdded: boolean;
  #streaming = false;
  #aboveLimit = false;

  constructor(stream: FilteredHttpStream, limitBytes: number, forwardAdded: boolean) {
    this.stream = stream;
    this.#limitBytes = limitBytes;
    this.#forwardAdded = forwardAdded;
  }

  abstract readonly name: 'request' | 'response';
  protected abstract readonly first: number;
  protected abstract next(index: number): number;
  protected abstract progress(filter: HttpContext): FilterProgress;
  protected abstract callHeaders(filter: HttpContext, headers: HeaderMap, end: boolean): number;
  protected abstract callData(filter: HttpContext, data: BodyBuffer, end: boolean): number;
  protected abstract callTrailers(filter: HttpContext, trailers: HeaderMap): number;
  protected abstract forwardHeaders(headers: HeaderMap, end: boolean): void;
  protected abstract forwardData(data: Uint8Array, end: boolean): void;
  protected abstract forwardTrailers(trailers: HeaderMap): void;
  protected abstract overflow(): void;

  // From the source.

  startHeaders(headers: HeaderMap, end: boolean): void {
    this.headers = headers;
    this.ended = end;
    this.#iterateHeaders(this.first, end);
  }

  startData(data: Uint8Array, end: boolean): void {
    if (end) this.ended = true;
    this.#iterateData(this.first, BodyBuffer.of(data), end);
  }

  startTrailers(trailers: HeaderMap): void {
    this.ended = true;
    this.trailers = trailers;
    this.#iterateTrailers(this.first);
  }

  // From a filter.

  /** Moves a chunk into the buffer. Returns false when it was over the limit and the stream was answered. */
  addData(data: BodyBuffer): boolean {
    this.#streaming = false;
    this.#hold(data);
    return !this.aborted;
  }

  /** Adds trailers to a message without any; returns undefined when it has some. */
  addTrailers(): HeaderMap | undefined {
    if (this.trailers) return undefined;
    this.trailers = new HeaderMap();
    return this.trailers;
  }

  isPaused(filter: HttpContext): boolean {
    return this.progress(filter).iteration !== Iteration.Continue;
  }

  /** Returns true when continuing this filter would forward its headers or the held body. */
  canResume(filter: HttpContext): boolean {
    return this.headers !== undefined && (this.isPaused(filter) || !this.progress(filter).headersContinued);
  }

  resume(filter: HttpContext): void {
    const progress = this.progress(filter);
    if (progress.iteration >= Iteration.StopAllBuffer) progress.iterateFromCurrent = true;
    progress.iteration = Iteration.Continue;
    if (!progress.headersContinued) {
      progress.headersContinued = true;
      this.#iterateHeaders(this.next(filter.index), this.ended && !this.buffered && !this.trailers);
    }
    const hadTrailers = this.trailers !== undefined;
    const from = progress.iterateFromCurrent ? filter.index : this.next(filter.index);
    const end = this.ended && !hadTrailers;
    if (this.buffered && (this.buffered.length > 0 || end)) this.#iterateData(from, this.buffered, end);
    if (hadTrailers) this.#iterateTrailers(from);
    progress.iterateFromCurrent = false;
  }

  // Iteration.

  #iterateHeaders(from: number, end: boolean): void {
    const { headers } = this;
    if (headers === undefined || this.aborted) return;
    const { filters } = this.stream;
    for (let i = from; i >= 0 && i < filters.length; i = this.next(i)) {
      const filter = filters[i] as HttpContext;
      const progress = this.progress(filter);
      progress.endStream = end;
      this.running++;
      const status = this.callHeaders(filter, headers, end);
      this.running--;
      if (this.aborted) return;
      if (status !== HeadersStatus.Continue) {
        progress.iteration = headersIteration(status);
        return;
      }
      // The guest continued the stream inside this callback and then returned Continue: the headers are gone already.
      if (progress.headersContinued) return;
      progress.headersContinued = true;
    }
    this.running++;
    this.forwardHeaders(headers, end);
    this.running--;
  }

  #iterateData(from: number, body: BodyBuffer, end: boolean): void {
    if (this.aborted) return;
    const { filters } = this.stream;
    const hadTrailers = this.trailers !== undefined;
    let data = body;
    let last = end;
    let trailersFrom: number | undefined;
    let held = false;
    for (let i = from; i >= 0 && i < filters.length; i = this.next(i)) {
      const filter = filters[i] as HttpContext;
      const progress = this.progress(filter);
      if (progress.iteration >= Iteration.StopAllBuffer) {
        this.#streaming = progress.iteration === Iteration.StopAllWatermark;
        this.#hold(data);
        return;
      }
      if (progress.endStream) return;
      progress.endStream = last && this.trailers === undefined;
      this.running++;
      const status = this.callData(filter, data, progress.endStream);
      this.running--;
      if (this.aborted) return;
      if (!hadTrailers && this.trailers !== undefined && trailersFrom === undefined) {
        last = false;
        trailersFrom = this.next(i);
      }
      if (!this.#actOnDataStatus(filter, progress, status, data)) {
        held = true;
        break;
      }
      if (this.#forwardAdded && data.length === 0 && this.buffered) data = this.buffered;
    }
    if (!held) this.#emitData(data, last);
    if (trailersFrom !== undefined) this.#iterateTrailers(trailersFrom);
  }

  /** Acts on the status of a body callback. Returns true when the same data goes to the next filter. */
  #actOnDataStatus(filter: HttpContext, progress: FilterProgress, status: number, data: BodyBuffer): boolean {
    if (status === DataStatus.Continue) {
      if (progress.iteration !== Iteration.StopSingle) return true;
      this.#hold(data);
      if (!this.aborted) this.resume(filter);
      return false;
    }
    progress.iteration = Iteration.StopSingle;
    if (status === DataStatus.StopIterationNoBuffer) {
      // So that a later continue has something to send the end of the stream with.
      if (this.ended && !this.trailers) this.buffered ??= new BodyBuffer();
    } else {
      this.#streaming = status === DataStatus.StopIterationAndWatermark;
      this.#hold(data);
    }
    return false;
  }

  #iterateTrailers(from: number): void {
    const { filters } = this.stream;
    for (let i = from; i >= 0 && i < filters.length; i = this.next(i)) {
      const { trailers } = this;
      if (this.aborted || trailers === undefined) return;
      const filter = filters[i] as HttpContext;
      const progress = this.progress(filter);
      if (progress.iteration >= Iteration.StopAllBuffer) return;
      this.running++;
      const status = this.callTrailers(filter, trailers);
      this.running--;
      if (this.aborted) return;
      progress.endStream = true;
      if (status !== FilterStatus.Continue) {
        progress.iteration = Iteration.StopSingle;
        return;
      }
      if (progress.iteration === Iteration.StopSingle) {
        this.resume(filter);
        return;
      }
    }
    if (this.aborted || this.trailers === undefined) return;
    this.running++;
    this.forwardTrailers(this.trailers);
    this.running--;
  }

  /** Moves data into the buffer and applies the limit. */
  #hold(data: BodyBuffer): void {
    if (this.buffered !== data) {
      this.buffered ??= new BodyBuffer();
      this.buffered.moveFrom(data);
    }
    if (this.#aboveLimit || this.buffered.length <= this.#limitBytes) return;
    this.#aboveLimit = true;
    if (this.#streaming) this.stream.sink.readDisable(this.name, true);
    else this.overflow();
  }

  #emitData(data: BodyBuffer, end: boolean): void {
    const bytes = data.length === 0 ? emptyBytes : data.take();
    if (this.#aboveLimit && data === this.buffered) {
      this.#aboveLimit = false;
      this.stream.sink.readDisable(this.name, false);
    }
    if (bytes.length === 0 && !end) return;
    this.running++;
    this.forwardData(bytes, end);
    this.running--;
  }
}

function headersIteration(status: number): number {
  if (status === HeadersStatus.StopIteration) return Iteration.StopSingle;
  return status === HeadersStatus.StopAllIterationAndBuffer
    ? Iteration.StopAllBuffer
    : Iteration.StopAllWatermark;
}
