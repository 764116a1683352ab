/**
 * One direction of an HTTP stream through the filters: iteration, holding back, buffering and its limit. The rules are
 * those of Envoy's filter manager, with its names; what differs by direction is in flow-directions.ts.
 */
import { BodyBuffer } from './body.ts';
import { emptyBytes } from '../encoding/bytes.ts';
import type { FilteredHttpStream } from './http-stream.ts';
import { HeaderMap } from './header-map.ts';
import type { HttpContext } from './http-context.ts';
import { DataStatus, FilterStatus, HeadersStatus } from '../status.ts';

const Iteration = { Continue: 0, StopSingle: 1, StopAllBuffer: 2, StopAllWatermark: 3 } as const;

/** Where one filter stands in one direction, and what of the message its guest may touch now. */
export class FilterProgress {
  headers: HeaderMap | undefined;
  body: BodyBuffer | undefined;
  trailers: HeaderMap | undefined;
  /** The last body callback asked for everything so far each time. */
  buffering = false;
  iteration: number = Iteration.Continue;
  headersContinued = false;
  /** Resumed from a stop of everything: the filter itself gets the held body first. */
  iterateFromCurrent = false;
  endStream = false;

  /** The guest sees nothing of the message any more. */
  drop(): void {
    this.headers = this.trailers = undefined;
    this.body = undefined;
  }
}

export abstract class FilterIteration {
  headers: HeaderMap | undefined;
  trailers: HeaderMap | undefined;
  /** What filters hold back; shared by all filters of the direction. */
  buffered: BodyBuffer | undefined;
  /** The source has ended: no more will come in. */
  ended = false;
  /** A filter callback (or the sink) of this direction is running. */
  running = 0;
  /** No filter is called any more. */
  aborted = false;
  bodyChanged = false;
  /** Bytes of body that left the chain. */
  sentBytes = 0;
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
  protected abstract state(filter: HttpContext): FilterProgress;
  protected abstract callHeaders(filter: HttpContext, headers: HeaderMap, end: boolean): number;
  protected abstract callBody(filter: HttpContext, data: BodyBuffer, end: boolean): number;
  protected abstract callTrailers(filter: HttpContext, trailers: HeaderMap): number;
  protected abstract sendHeaders(headers: HeaderMap, end: boolean): void;
  protected abstract sendBody(data: Uint8Array, end: boolean): void;
  protected abstract sendTrailers(trailers: HeaderMap): void;
  protected abstract overflow(): void;

  // From the source.

  startHeaders(headers: HeaderMap, end: boolean): void {
    this.headers = headers;
    this.ended = end;
    this.#passHeaders(this.first, end);
  }

  startBody(data: Uint8Array, end: boolean): void {
    if (end) this.ended = true;
    this.#passBody(this.first, BodyBuffer.of(data), end);
  }

  startTrailers(trailers: HeaderMap): void {
    this.ended = true;
    this.trailers = trailers;
    this.#passTrailers(this.first);
  }

  // From a filter.

  /** Moves a chunk into the buffer. False when that was too much and the stream was answered. */
  addData(data: BodyBuffer): boolean {
    this.#streaming = false;
    this.#hold(data);
    return !this.aborted;
  }

  /** Trailers that did not come with the message; undefined when it has some already. */
  addTrailers(): HeaderMap | undefined {
    if (this.trailers) return undefined;
    this.trailers = new HeaderMap();
    return this.trailers;
  }

  isPaused(filter: HttpContext): boolean {
    return this.state(filter).iteration !== Iteration.Continue;
  }

  /** Whether continuing this filter would send its headers, or what it holds. */
  canResume(filter: HttpContext): boolean {
    return this.headers !== undefined && (this.isPaused(filter) || !this.state(filter).headersContinued);
  }

  resume(filter: HttpContext): void {
    const state = this.state(filter);
    if (state.iteration >= Iteration.StopAllBuffer) state.iterateFromCurrent = true;
    state.iteration = Iteration.Continue;
    if (!state.headersContinued) {
      state.headersContinued = true;
      this.#passHeaders(this.next(filter.index), this.ended && !this.buffered && !this.trailers);
    }
    const hadTrailers = this.trailers !== undefined;
    const from = state.iterateFromCurrent ? filter.index : this.next(filter.index);
    const end = this.ended && !hadTrailers;
    if (this.buffered && (this.buffered.length > 0 || end)) this.#passBody(from, this.buffered, end);
    if (hadTrailers) this.#passTrailers(from);
    state.iterateFromCurrent = false;
  }

  // Iteration.

  #passHeaders(from: number, end: boolean): void {
    const { headers } = this;
    if (headers === undefined || this.aborted) return;
    const { filters } = this.stream;
    for (let i = from; i >= 0 && i < filters.length; i = this.next(i)) {
      const filter = filters[i] as HttpContext;
      const state = this.state(filter);
      state.endStream = end;
      this.running++;
      const status = this.callHeaders(filter, headers, end);
      this.running--;
      if (this.aborted) return;
      if (status !== HeadersStatus.Continue) {
        state.iteration = headersIteration(status);
        return;
      }
      // The guest continued the stream inside this callback and then returned Continue: the headers are gone already.
      if (state.headersContinued) return;
      state.headersContinued = true;
    }
    this.running++;
    this.sendHeaders(headers, end);
    this.running--;
  }

  #passBody(from: number, body: BodyBuffer, end: boolean): void {
    if (this.aborted) return;
    const { filters } = this.stream;
    const hadTrailers = this.trailers !== undefined;
    let data = body;
    let last = end;
    let trailersFrom: number | undefined;
    let held = false;
    for (let i = from; i >= 0 && i < filters.length; i = this.next(i)) {
      const filter = filters[i] as HttpContext;
      const state = this.state(filter);
      if (state.iteration >= Iteration.StopAllBuffer) {
        this.#streaming = state.iteration === Iteration.StopAllWatermark;
        this.#hold(data);
        return;
      }
      if (state.endStream) return;
      state.endStream = last && this.trailers === undefined;
      this.running++;
      const status = this.callBody(filter, data, state.endStream);
      this.running--;
      if (this.aborted) return;
      if (!hadTrailers && this.trailers !== undefined && trailersFrom === undefined) {
        last = false;
        trailersFrom = this.next(i);
      }
      if (!this.#goOn(filter, state, status, data)) {
        held = true;
        break;
      }
      if (this.#forwardAdded && data.length === 0 && this.buffered) data = this.buffered;
    }
    if (!held) this.#emitBody(data, last);
    if (trailersFrom !== undefined) this.#passTrailers(trailersFrom);
  }

  /** Acts on the status of a body callback. True: the same data goes to the next filter. */
  #goOn(filter: HttpContext, state: FilterProgress, status: number, data: BodyBuffer): boolean {
    if (status === DataStatus.Continue) {
      if (state.iteration !== Iteration.StopSingle) return true;
      this.#hold(data);
      if (!this.aborted) this.resume(filter);
      return false;
    }
    state.iteration = Iteration.StopSingle;
    if (status === DataStatus.StopIterationNoBuffer) {
      // So that a later continue has something to send the end of the stream with.
      if (this.ended && !this.trailers) this.buffered ??= new BodyBuffer();
    } else {
      this.#streaming = status === DataStatus.StopIterationAndWatermark;
      this.#hold(data);
    }
    return false;
  }

  #passTrailers(from: number): void {
    const { filters } = this.stream;
    for (let i = from; i >= 0 && i < filters.length; i = this.next(i)) {
      const { trailers } = this;
      if (this.aborted || trailers === undefined) return;
      const filter = filters[i] as HttpContext;
      const state = this.state(filter);
      if (state.iteration >= Iteration.StopAllBuffer) return;
      this.running++;
      const status = this.callTrailers(filter, trailers);
      this.running--;
      if (this.aborted) return;
      state.endStream = true;
      if (status !== FilterStatus.Continue) {
        state.iteration = Iteration.StopSingle;
        return;
      }
      if (state.iteration === Iteration.StopSingle) {
        this.resume(filter);
        return;
      }
    }
    if (this.aborted || this.trailers === undefined) return;
    this.running++;
    this.sendTrailers(this.trailers);
    this.running--;
  }

  /** Puts data into the buffer and looks at the limit. */
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

  #emitBody(data: BodyBuffer, end: boolean): void {
    const bytes = data.length === 0 ? emptyBytes : data.take();
    if (this.#aboveLimit && data === this.buffered) {
      this.#aboveLimit = false;
      this.stream.sink.readDisable(this.name, false);
    }
    if (bytes.length === 0 && !end) return;
    this.sentBytes += bytes.length;
    this.running++;
    this.sendBody(bytes, end);
    this.running--;
  }
}

function headersIteration(status: number): number {
  if (status === HeadersStatus.StopIteration) return Iteration.StopSingle;
  return status === HeadersStatus.StopAllIterationAndBuffer
    ? Iteration.StopAllBuffer
    : Iteration.StopAllWatermark;
}
