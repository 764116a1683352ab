/** One filter in one L4 connection: calls the guest, and holds the data it may touch. */
import { BodyBuffer } from '../http/body.ts';
import { emptyBytes } from '../encoding/bytes.ts';
import { changeBody, Context } from '../vm/context.ts';
import { AccessLogHeaders } from '../http/access-log-headers.ts';
import type { RootContext } from '../vm/root-context.ts';
import { BufferType, FilterStatus, Status, StreamType } from '../status.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { FilteredTcpStream } from './tcp-stream.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { StreamInfo } from '../types.ts';

export class TcpContext extends Context {
  readonly root: RootContext;
  readonly stream: FilteredTcpStream;
  readonly index: number;
  connected = false;
  #downstreamData: BodyBuffer | undefined;
  #upstreamData: BodyBuffer | undefined;
  #downstreamClosed = false;
  #upstreamClosed = false;
  #failureClosed = false;
  #destroyed = false;
  #logged: AccessLogHeaders | undefined;

  constructor(stream: FilteredTcpStream, root: RootContext, index: number) {
    super(root.vm, root.vm.newContextId(), root.plugin.streamPrefix);
    this.stream = stream;
    this.root = root;
    this.index = index;
    root.vm.contexts.set(this.id, this);
  }

  onNewConnection(): number {
    const { vm } = this;
    this.connected = true;
    if (!vm.failed && vm.on.contextCreate) {
      vm.invoke(vm.on.contextCreate, this, this.id, this.root.id, 0);
      vm.after();
    }
    return this.#convert(
      vm.failed || !vm.on.newConnection ? 0 : vm.invoke(vm.on.newConnection, this, this.id, 0, 0),
    );
  }

  onDownstreamData(data: BodyBuffer, endOfStream: boolean): number {
    if (!this.connected || this.#failureClosed) return FilterStatus.Continue;
    const { vm } = this;
    this.#downstreamData = data;
    const status = this.#convert(
      vm.failed || !vm.on.downstreamData
        ? 0
        : vm.invoke(vm.on.downstreamData, this, this.id, data.length, endOfStream ? 1 : 0),
    );
    if (status === FilterStatus.Continue) this.#downstreamData = undefined;
    return status;
  }

  onUpstreamData(data: BodyBuffer, endOfStream: boolean): number {
    if (!this.connected || this.#failureClosed) return FilterStatus.Continue;
    const { vm } = this;
    this.#upstreamData = data;
    const status = this.#convert(
      vm.failed || !vm.on.upstreamData
        ? 0
        : vm.invoke(vm.on.upstreamData, this, this.id, data.length, endOfStream ? 1 : 0),
    );
    if (status === FilterStatus.Continue) this.#upstreamData = undefined;
    if (endOfStream && !this.#upstreamClosed) {
      this.#upstreamClosed = true;
      if (vm.on.upstreamClose && !vm.failed) {
        vm.invoke(vm.on.upstreamClose, this, this.id, 0, 0);
        vm.after();
      }
    }
    return status;
  }

  /** Calls the close callback; `peer` is 1 when this side closed, 2 when the client did. */
  onDownstreamClose(peer: number): void {
    const { vm } = this;
    if (this.#downstreamClosed || !this.connected) return;
    this.#downstreamClosed = true;
    if (vm.failed || !vm.on.downstreamClose) return;
    vm.invoke(vm.on.downstreamClose, this, this.id, peer, 0);
    vm.after();
  }

  /** Calls done, log and delete: the order of L4. */
  destroy(): void {
    const { vm } = this;
    if (this.#destroyed) return;
    this.#destroyed = true;
    if (this.connected) {
      if (!vm.failed && vm.on.done) {
        vm.invoke(vm.on.done, this, this.id, 0, 0);
        vm.after();
      }
      if (!vm.failed && vm.on.log) {
        this.#logged = new AccessLogHeaders(this.stream.info, this.stream.filterState);
        vm.invoke(vm.on.log, this, this.id, 0, 0);
        this.#logged = undefined;
        vm.after();
      }
      if (!vm.failed && vm.on.delete) {
        vm.invoke(vm.on.delete, this, this.id, 0, 0);
        vm.after();
      }
    }
    vm.contexts.delete(this.id);
  }

  override get streamInfo(): StreamInfo | undefined {
    return this.stream.info;
  }

  override get filterState(): StateMap | undefined {
    return this.stream.filterState;
  }

  /** Returns no header map: L4 has none, and the status stays BadArgument in the log phase too. */
  override readableMap(type: number): HeaderMap | undefined {
    return this.#logged ? undefined : super.readableMap(type);
  }

  override buffer(type: number): BodyBuffer | Uint8Array | undefined {
    if (type === BufferType.DownstreamData) return this.#downstreamData ?? emptyBytes;
    if (type === BufferType.UpstreamData) return this.#upstreamData ?? emptyBytes;
    return super.buffer(type);
  }

  override setBuffer(type: number, start: number, size: number, data: Uint8Array): number {
    const body = this.buffer(type);
    return body instanceof BodyBuffer
      ? changeBody(body, start, size, data)
      : super.setBuffer(type, start, size, data);
  }

  override continueStream(stream: number): number {
    if (stream === StreamType.Upstream) return Status.Unimplemented;
    if (stream === StreamType.Downstream) this.vm.defer(() => this.stream.continueReading(this));
    return Status.Ok;
  }

  override closeStream(stream: number): number {
    if (stream === StreamType.Downstream) this.vm.defer(() => this.stream.close('wasm_downstream_close'));
    if (stream === StreamType.Upstream) this.vm.defer(() => this.stream.close('wasm_upstream_close'));
    return Status.Ok;
  }

  #convert(result: number): number {
    const { vm } = this;
    // A local reply means nothing here, and does not stop anything either.
    let status: number = result === 0 ? FilterStatus.Continue : FilterStatus.StopIteration;
    if (vm.failed) {
      status = FilterStatus.Continue;
      if (!this.root.plugin.legacyFailOpen) {
        status = FilterStatus.StopIteration;
        if (!this.#failureClosed) {
          this.#failureClosed = true;
          this.stream.close('wasm_fail_stream');
        }
      }
    }
    vm.after();
    return status;
  }
}
