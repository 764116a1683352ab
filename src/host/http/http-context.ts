/** One filter in one HTTP stream: calls the guest, and decides which maps and buffers it may touch when. */
import { BodyBuffer } from './body.ts';
import { emptyBytes } from '../encoding/bytes.ts';
import type { FilteredHttpStream } from './http-stream.ts';
import { afterData, afterHeaders, afterTrailers } from './callback-status.ts';
import { changeBody, Context } from '../vm/context.ts';
import { FilterProgress, type FilterIteration } from './filter-iteration.ts';
import type { GuestFunction } from '../vm/guest-exports.ts';
import type { HeaderMap } from './header-map.ts';
import { failureReply } from './local-reply.ts';
import type { AccessLogHeaders } from './access-log-headers.ts';
import type { RootContext } from '../vm/root-context.ts';
import {
  BufferType,
  DataStatus,
  FilterStatus,
  HeadersStatus,
  MapType,
  Status,
  StreamType,
} from '../status.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { ByteString, StreamInfo } from '../types.ts';

export class HttpContext extends Context {
  readonly root: RootContext;
  readonly stream: FilteredHttpStream;
  /** Position in the chain. */
  readonly index: number;
  readonly decoding = new FilterProgress();
  readonly encoding = new FilterProgress();
  #created = false;
  #destroyed = false;
  /** The 503 of a trap was sent: the filter passes everything through from then on. */
  #failureReplied = false;
  #endOfStream = false;
  #logged: AccessLogHeaders | undefined;
  #ending = false;

  constructor(stream: FilteredHttpStream, root: RootContext, index: number) {
    super(root.vm, root.vm.newContextId(), root.plugin.streamPrefix);
    this.stream = stream;
    this.root = root;
    this.index = index;
    root.vm.contexts.set(this.id, this);
  }

  // What the chain calls.

  onRequestHeaders(headers: HeaderMap, endStream: boolean): number {
    this.#create();
    return this.#onHeaders(this.decoding, this.vm.on.requestHeaders, headers, endStream);
  }

  onRequestBody(data: BodyBuffer, endStream: boolean): number {
    return this.#onBody(this.decoding, this.stream.decoder, this.vm.on.requestBody, data, endStream);
  }

  onRequestTrailers(trailers: HeaderMap): number {
    return this.#onTrailers(this.decoding, this.vm.on.requestTrailers, trailers);
  }

  onResponseHeaders(headers: HeaderMap, endStream: boolean): number {
    if (!this.#created || this.#failureReplied) return HeadersStatus.Continue;
    return this.#onHeaders(this.encoding, this.vm.on.responseHeaders, headers, endStream);
  }

  onResponseBody(data: BodyBuffer, endStream: boolean): number {
    return this.#onBody(this.encoding, this.stream.encoder, this.vm.on.responseBody, data, endStream);
  }

  onResponseTrailers(trailers: HeaderMap): number {
    return this.#onTrailers(this.encoding, this.vm.on.responseTrailers, trailers);
  }

  /** Calls `proxy_on_log`; creates the context first when it never saw the request. */
  log(view: AccessLogHeaders): void {
    const { vm } = this;
    this.#create();
    if (vm.failed || !vm.on.log) return;
    this.#logged = view;
    this.#ending = true;
    this.#callLast(vm.on.log);
    this.#ending = false;
    this.#logged = undefined;
  }

  /** Calls done, then delete, whatever done returns. */
  destroy(): void {
    const { vm } = this;
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.decoding.drop();
    this.encoding.drop();
    this.#ending = true;
    if (this.#created) {
      this.#callLast(vm.on.done);
      this.#callLast(vm.on.delete);
    }
    vm.contexts.delete(this.id);
  }

  // What host functions call.

  override get inLogPhase(): boolean {
    return this.#logged !== undefined;
  }

  override get streamInfo(): StreamInfo | undefined {
    return this.stream.info;
  }

  override get filterState(): StateMap | undefined {
    return this.stream.filterState;
  }

  override readableMap(type: number): HeaderMap | undefined {
    if (this.#logged) return this.#logged.map(type);
    switch (type) {
      case MapType.RequestHeaders:
        return this.decoding.headers;
      case MapType.ResponseHeaders:
        return this.encoding.headers;
      case MapType.RequestTrailers:
        return this.decoding.trailers;
      case MapType.ResponseTrailers:
        return this.encoding.trailers;
      default:
        return super.readableMap(type);
    }
  }

  override writableMap(type: number): HeaderMap | undefined {
    if (this.#logged) return undefined;
    switch (type) {
      case MapType.RequestHeaders:
        return this.decoding.headers;
      case MapType.ResponseHeaders:
        return this.encoding.headers;
      case MapType.RequestTrailers:
        return this.#writableTrailers(this.decoding, this.stream.decoder);
      case MapType.ResponseTrailers:
        return this.#writableTrailers(this.encoding, this.stream.encoder);
      default:
        return undefined;
    }
  }

  override buffer(type: number): BodyBuffer | Uint8Array | undefined {
    if (type === BufferType.RequestBody) return this.decoding.body ?? emptyBytes;
    if (type === BufferType.ResponseBody) return this.encoding.body ?? emptyBytes;
    return super.buffer(type);
  }

  override setBuffer(type: number, start: number, size: number, data: Uint8Array): number {
    const body = this.buffer(type);
    if (!(body instanceof BodyBuffer)) return super.setBuffer(type, start, size, data);
    const status = changeBody(body, start, size, data);
    if (type === BufferType.RequestBody) this.stream.decoder.bodyChanged = true;
    if (type === BufferType.ResponseBody) this.stream.encoder.bodyChanged = true;
    return status;
  }

  override headersChanged(type: number, unsafe: boolean): void {
    if (type === MapType.RequestHeaders) this.stream.requestHeadersChanged(unsafe);
  }

  override continueStream(stream: number): number {
    if (stream === StreamType.Upstream) return Status.Unimplemented;
    if (stream === StreamType.Request) this.vm.defer(() => this.stream.resume(this, this.stream.decoder));
    if (stream === StreamType.Response) this.vm.defer(() => this.stream.resume(this, this.stream.encoder));
    // Envoy drops the request's pointers for both directions.
    this.decoding.drop();
    return Status.Ok;
  }

  override closeStream(stream: number): number {
    if (stream > StreamType.Response) return Status.Ok;
    this.vm.defer(() => this.stream.close('wasm_close_stream'));
    return Status.Ok;
  }

  override sendLocalReply(
    status: number,
    details: string,
    body: Uint8Array,
    headers: [ByteString, ByteString][],
    grpcStatus: number,
  ): boolean {
    if (this.#ending) return false;
    this.vm.defer(() => this.stream.sendLocalReply({ status, details, body, headers, grpcStatus }));
    return true;
  }

  override clearRouteCache(): void {
    this.stream.clearRouteCache();
  }

  // Private.

  #create(): void {
    if (this.#created) return;
    this.#created = true;
    const { vm } = this;
    if (vm.failed || !vm.on.contextCreate) return;
    vm.invoke(vm.on.contextCreate, this, this.id, this.root.id, 0);
    vm.after();
  }

  #onHeaders(
    side: FilterProgress,
    callback: GuestFunction | undefined,
    headers: HeaderMap,
    end: boolean,
  ): number {
    side.headers = headers;
    this.#endOfStream = end;
    const { vm } = this;
    const result =
      callback === undefined || vm.failed
        ? HeadersStatus.Continue
        : vm.invoke(callback, this, this.id, headers.entries.length, end ? 1 : 0);
    const status = vm.failed
      ? this.#fail(HeadersStatus.StopAllIterationAndWatermark)
      : afterHeaders(result, vm.stopIteration, this.root.plugin.allowOnHeadersStopIteration);
    vm.after();
    if (status === HeadersStatus.Continue) side.headers = undefined;
    return status;
  }

  #onBody(
    side: FilterProgress,
    iteration: FilterIteration,
    callback: GuestFunction | undefined,
    data: BodyBuffer,
    end: boolean,
  ): number {
    if (!this.#created || this.#failureReplied) return DataStatus.Continue;
    side.body = data;
    this.#endOfStream = end;
    if (side.buffering) {
      if (!iteration.addData(data)) return DataStatus.StopIterationNoBuffer;
      side.body = iteration.buffered;
    }
    const { vm } = this;
    const result =
      callback === undefined || vm.failed
        ? DataStatus.Continue
        : vm.invoke(callback, this, this.id, side.body?.length ?? 0, end ? 1 : 0);
    const status = vm.failed
      ? this.#fail(DataStatus.StopIterationNoBuffer)
      : afterData(result, vm.stopIteration);
    vm.after();
    side.buffering = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) side.body = undefined;
    return status;
  }

  #onTrailers(side: FilterProgress, callback: GuestFunction | undefined, trailers: HeaderMap): number {
    if (!this.#created || this.#failureReplied) return FilterStatus.Continue;
    side.trailers = trailers;
    const { vm } = this;
    const result =
      callback === undefined || vm.failed
        ? FilterStatus.Continue
        : vm.invoke(callback, this, this.id, trailers.size, 0);
    const status = vm.failed
      ? this.#fail(FilterStatus.StopIteration)
      : afterTrailers(result, vm.stopIteration);
    vm.after();
    if (status === FilterStatus.Continue) side.trailers = undefined;
    return status;
  }

  /** Calls a callback of the stream's end, whose return value has no effect. */
  #callLast(callback: GuestFunction | undefined): void {
    const { vm } = this;
    if (callback === undefined || vm.failed) return;
    vm.invoke(callback, this, this.id, 0, 0);
    vm.after();
  }

  /** Returns the trailers to change; in the last body callback it creates them. */
  #writableTrailers(side: FilterProgress, iteration: FilterIteration): HeaderMap | undefined {
    if (side.trailers === undefined && side.body !== undefined && this.#endOfStream) {
      side.trailers = iteration.addTrailers();
    }
    return side.trailers;
  }

  /** Acts on a failed VM: sends one 503 before queued actions and returns `stop`; with `fail_open` returns Continue. */
  #fail(stop: number): number {
    if (this.root.plugin.legacyFailOpen) return FilterStatus.Continue;
    if (!this.#failureReplied) {
      this.#failureReplied = true;
      this.stream.sendLocalReply(failureReply);
    }
    return stop;
  }
}
