/**
 * One filter's part in one HTTP stream: calls the guest, and says which maps and buffers it may touch when. Long because
 * each pointer's life (set here, dropped there) is one table of the specification and has to be read in one piece.
 */
import { BodyBuffer } from './body.ts';
import { emptyBytes } from './bytes.ts';
import type { HttpChainStream } from './chain-stream.ts';
import { changeBody, Context, type StateMap } from './context.ts';
import { FilterState } from './flow.ts';
import type { HeaderMap } from './header-map.ts';
import type { LogView } from './log-view.ts';
import type { RootContext } from './root-context.ts';
import {
  BufferType,
  DataStatus,
  FilterStatus,
  HeadersStatus,
  MapType,
  Status,
  StreamType,
} from './status.ts';
import type { ByteString, StreamInfo } from './types.ts';

export class HttpContext extends Context {
  readonly root: RootContext;
  readonly stream: HttpChainStream;
  /** Position in the chain. */
  readonly index: number;
  readonly decode = new FilterState();
  readonly encode = new FilterState();
  private created = false;
  private destroyed = false;
  /** The answer that a trap makes was sent: the filter is a pass-through from then on. */
  private failureReplied = false;
  private endOfStream = false;
  private requestHeaders: HeaderMap | undefined;
  private requestBody: BodyBuffer | undefined;
  private requestTrailers: HeaderMap | undefined;
  private responseHeaders: HeaderMap | undefined;
  private responseBody: BodyBuffer | undefined;
  private responseTrailers: HeaderMap | undefined;
  private bufferingRequest = false;
  private bufferingResponse = false;
  private logged: LogView | undefined;
  private ending = false;

  constructor(stream: HttpChainStream, root: RootContext, index: number) {
    super(root.vm, root.vm.newContextId(), root.plugin.streamPrefix);
    this.stream = stream;
    this.root = root;
    this.index = index;
    root.vm.contexts.set(this.id, this);
  }

  // What the chain calls.

  onRequestHeaders(headers: HeaderMap, endStream: boolean): number {
    this.create();
    this.requestHeaders = headers;
    this.endOfStream = endStream;
    const { vm } = this;
    const status = this.convertHeaders(
      vm.failed || !vm.on.requestHeaders
        ? HeadersStatus.Continue
        : vm.invoke(vm.on.requestHeaders, this, this.id, headers.entries.length, endStream ? 1 : 0),
    );
    if (status === HeadersStatus.Continue) this.requestHeaders = undefined;
    return status;
  }

  onRequestBody(data: BodyBuffer, endStream: boolean): number {
    if (!this.created || this.failureReplied) return DataStatus.Continue;
    this.requestBody = data;
    this.endOfStream = endStream;
    if (this.bufferingRequest) {
      if (!this.stream.request.addData(data)) return DataStatus.StopIterationNoBuffer;
      this.requestBody = this.stream.request.buffered;
    }
    const { vm } = this;
    const size = this.requestBody?.length ?? 0;
    const status = this.convertData(
      vm.failed || !vm.on.requestBody
        ? DataStatus.Continue
        : vm.invoke(vm.on.requestBody, this, this.id, size, endStream ? 1 : 0),
    );
    this.bufferingRequest = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) this.requestBody = undefined;
    return status;
  }

  onRequestTrailers(trailers: HeaderMap): number {
    if (!this.created || this.failureReplied) return FilterStatus.Continue;
    this.requestTrailers = trailers;
    const { vm } = this;
    const status = this.convertTrailers(
      vm.failed || !vm.on.requestTrailers
        ? FilterStatus.Continue
        : vm.invoke(vm.on.requestTrailers, this, this.id, trailers.size, 0),
    );
    if (status === FilterStatus.Continue) this.requestTrailers = undefined;
    return status;
  }

  onResponseHeaders(headers: HeaderMap, endStream: boolean): number {
    if (!this.created || this.failureReplied) return HeadersStatus.Continue;
    this.responseHeaders = headers;
    this.endOfStream = endStream;
    const { vm } = this;
    const status = this.convertHeaders(
      vm.failed || !vm.on.responseHeaders
        ? HeadersStatus.Continue
        : vm.invoke(vm.on.responseHeaders, this, this.id, headers.entries.length, endStream ? 1 : 0),
    );
    if (status === HeadersStatus.Continue) this.responseHeaders = undefined;
    return status;
  }

  onResponseBody(data: BodyBuffer, endStream: boolean): number {
    if (!this.created || this.failureReplied) return DataStatus.Continue;
    this.responseBody = data;
    this.endOfStream = endStream;
    if (this.bufferingResponse) {
      if (!this.stream.response.addData(data)) return DataStatus.StopIterationNoBuffer;
      this.responseBody = this.stream.response.buffered;
    }
    const { vm } = this;
    const size = this.responseBody?.length ?? 0;
    const status = this.convertData(
      vm.failed || !vm.on.responseBody
        ? DataStatus.Continue
        : vm.invoke(vm.on.responseBody, this, this.id, size, endStream ? 1 : 0),
    );
    this.bufferingResponse = status === DataStatus.StopIterationAndBuffer;
    if (status === DataStatus.Continue) this.responseBody = undefined;
    return status;
  }

  onResponseTrailers(trailers: HeaderMap): number {
    if (!this.created || this.failureReplied) return FilterStatus.Continue;
    this.responseTrailers = trailers;
    const { vm } = this;
    const status = this.convertTrailers(
      vm.failed || !vm.on.responseTrailers
        ? FilterStatus.Continue
        : vm.invoke(vm.on.responseTrailers, this, this.id, trailers.size, 0),
    );
    if (status === FilterStatus.Continue) this.responseTrailers = undefined;
    return status;
  }

  /** The access log's turn. A filter that never saw the request is created first. */
  log(view: LogView): void {
    const { vm } = this;
    this.create();
    if (vm.failed || !vm.on.log) return;
    this.logged = view;
    this.ending = true;
    vm.invoke(vm.on.log, this, this.id, 0, 0);
    vm.after();
    this.ending = false;
    this.logged = undefined;
  }

  /** done, then delete, whatever done returns. */
  destroy(): void {
    const { vm } = this;
    if (this.destroyed) return;
    this.destroyed = true;
    this.requestHeaders = this.requestTrailers = this.responseHeaders = this.responseTrailers = undefined;
    this.requestBody = this.responseBody = undefined;
    this.ending = true;
    if (this.created && !vm.failed) {
      if (vm.on.done) {
        vm.invoke(vm.on.done, this, this.id, 0, 0);
        vm.after();
      }
      if (vm.on.delete && !vm.failed) {
        vm.invoke(vm.on.delete, this, this.id, 0, 0);
        vm.after();
      }
    }
    vm.contexts.delete(this.id);
  }

  // What host functions call.

  override get inLogPhase(): boolean {
    return this.logged !== undefined;
  }

  override get streamInfo(): StreamInfo | undefined {
    return this.stream.info;
  }

  override get filterState(): StateMap | undefined {
    return this.stream.filterState;
  }

  override readableMap(type: number): HeaderMap | undefined {
    if (this.logged) return this.logged.map(type);
    switch (type) {
      case MapType.RequestHeaders:
        return this.requestHeaders;
      case MapType.ResponseHeaders:
        return this.responseHeaders;
      case MapType.RequestTrailers:
        return this.requestTrailers;
      case MapType.ResponseTrailers:
        return this.responseTrailers;
      default:
        return super.readableMap(type);
    }
  }

  override writableMap(type: number): HeaderMap | undefined {
    if (this.logged) return undefined;
    switch (type) {
      case MapType.RequestHeaders:
        return this.requestHeaders;
      case MapType.ResponseHeaders:
        return this.responseHeaders;
      case MapType.RequestTrailers:
        // In the last body callback, whoever writes trailers creates them.
        if (this.requestTrailers === undefined && this.requestBody !== undefined && this.endOfStream) {
          this.requestTrailers = this.stream.request.addTrailers();
        }
        return this.requestTrailers;
      case MapType.ResponseTrailers:
        if (this.responseTrailers === undefined && this.responseBody !== undefined && this.endOfStream) {
          this.responseTrailers = this.stream.response.addTrailers();
        }
        return this.responseTrailers;
      default:
        return undefined;
    }
  }

  override buffer(type: number): BodyBuffer | Uint8Array | undefined {
    if (type === BufferType.RequestBody) return this.requestBody ?? emptyBytes;
    if (type === BufferType.ResponseBody) return this.responseBody ?? emptyBytes;
    return super.buffer(type);
  }

  override setBuffer(type: number, start: number, size: number, data: Uint8Array): number {
    const body = this.buffer(type);
    if (!(body instanceof BodyBuffer)) return super.setBuffer(type, start, size, data);
    const status = changeBody(body, start, size, data);
    if (type === BufferType.RequestBody) this.stream.request.bodyChanged = true;
    if (type === BufferType.ResponseBody) this.stream.response.bodyChanged = true;
    return status;
  }

  override headersChanged(type: number, unsafe: boolean): void {
    if (type === MapType.RequestHeaders) this.stream.requestHeadersChanged(unsafe);
  }

  override continueStream(stream: number): number {
    if (stream === StreamType.Upstream) return Status.Unimplemented;
    if (stream === StreamType.Request) this.vm.defer(() => this.stream.resume(this, this.stream.request));
    if (stream === StreamType.Response) this.vm.defer(() => this.stream.resume(this, this.stream.response));
    // Envoy drops the request's pointers for both directions.
    this.requestHeaders = this.requestBody = this.requestTrailers = undefined;
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
    if (this.ending) return false;
    this.vm.defer(() => this.stream.sendLocalReply({ status, details, body, headers, grpcStatus }));
    return true;
  }

  override clearRouteCache(): void {
    this.stream.clearRouteCache();
  }

  // Private.

  private create(): void {
    if (this.created) return;
    this.created = true;
    const { vm } = this;
    if (vm.failed || !vm.on.contextCreate) return;
    vm.invoke(vm.on.contextCreate, this, this.id, this.root.id, 0);
    vm.after();
  }

  /** After a headers callback: a trap answers, then what the guest queued happens, then the status counts. */
  private convertHeaders(result: number): number {
    const { vm } = this;
    if (vm.failed) return this.fail() ? HeadersStatus.StopAllIterationAndWatermark : HeadersStatus.Continue;
    let status = result;
    if (vm.stopIteration || status > HeadersStatus.StopAllIterationAndWatermark) {
      status = HeadersStatus.StopAllIterationAndWatermark;
    } else if (status === HeadersStatus.StopIteration && !this.root.plugin.allowOnHeadersStopIteration) {
      status = HeadersStatus.StopAllIterationAndWatermark;
    } else if (status === HeadersStatus.ContinueAndEndStream) status = HeadersStatus.Continue;
    vm.after();
    return status;
  }

  private convertData(result: number): number {
    const { vm } = this;
    if (vm.failed) return this.fail() ? DataStatus.StopIterationNoBuffer : DataStatus.Continue;
    const status =
      vm.stopIteration || result > DataStatus.StopIterationNoBuffer
        ? DataStatus.StopIterationNoBuffer
        : result;
    vm.after();
    return status;
  }

  private convertTrailers(result: number): number {
    const { vm } = this;
    if (vm.failed) return this.fail() ? FilterStatus.StopIteration : FilterStatus.Continue;
    const status =
      vm.stopIteration || result !== FilterStatus.Continue
        ? FilterStatus.StopIteration
        : FilterStatus.Continue;
    vm.after();
    return status;
  }

  /** The VM is failed: answers 503 once, before anything the guest queued. False when the stream goes on without the filter. */
  private fail(): boolean {
    if (this.root.plugin.legacyFailOpen) {
      this.vm.after();
      return false;
    }
    if (!this.failureReplied) {
      this.failureReplied = true;
      this.stream.sendLocalReply({
        status: 503,
        details: 'wasm_fail_stream',
        body: emptyBytes,
        headers: [],
        grpcStatus: 14,
      });
    }
    this.vm.after();
    return true;
  }
}
