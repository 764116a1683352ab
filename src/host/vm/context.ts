/**
 * A context of a guest: the root, stream or connection that a callback is about. Each kind of context adds its maps and
 * buffers.
 */
import { BodyBuffer } from '../http/body.ts';
import { emptyBytes } from '../encoding/bytes.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { RootContext } from './root-context.ts';
import { BufferType, MapType, Status, StreamType } from '../status.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { ByteString, StreamInfo } from '../types.ts';
import type { Vm } from './vm.ts';

export type PropertyValue = ByteString | Uint8Array;

/** Describes filter state of a name, as `declare_property` set it. */
export interface DeclaredProperty {
  readonly readOnly: boolean;
  readonly type: number;
  readonly span: number;
}

export abstract class Context {
  #declarations: Map<ByteString, DeclaredProperty> | undefined;
  /** The buffer that the guest touched last: Envoy shows it again as buffer type 8 outside of its callbacks. */
  lastBuffer: BodyBuffer | Uint8Array | undefined;
  readonly id: number;
  readonly vm: Vm;
  /** The prefix of the context's messages, `wasm log …`, as Envoy writes it. */
  readonly logPrefix: string;
  /** Undefined for the VM's own context, and for a root that is its own. */
  abstract readonly root: RootContext | undefined;

  constructor(vm: Vm, id: number, logPrefix: string) {
    this.vm = vm;
    this.id = id;
    this.logPrefix = logPrefix;
  }

  /** Returns the declarations made in this context by `declare_property`; `set_property` uses those of the root. */
  get declared(): Map<ByteString, DeclaredProperty> {
    this.#declarations ??= new Map();
    return this.#declarations;
  }

  /** Returns the plugin's configuration, undefined where it cannot be read. */
  get pluginConfiguration(): Uint8Array | undefined {
    return undefined;
  }

  /** Returns true while `proxy_on_log` runs: maps are read-only, and a missing map is NotFound. */
  get inLogPhase(): boolean {
    return false;
  }

  /** Returns the facts of the stream, undefined outside of streams. */
  get streamInfo(): StreamInfo | undefined {
    return undefined;
  }

  get filterState(): StateMap | undefined {
    return undefined;
  }

  /** Returns the filter state for reading: an access logger can read it, and cannot change it. */
  get shownState(): StateMap | undefined {
    return this.filterState;
  }

  /** Returns a map for reading, undefined when this phase does not have it. */
  readableMap(type: number): HeaderMap | undefined {
    const root = this.root;
    if (root === undefined) return undefined;
    switch (type) {
      case MapType.GrpcInitialMetadata:
        return root.grpcInitialMetadata;
      case MapType.GrpcTrailingMetadata:
        return root.grpcTrailingMetadata;
      case MapType.CallResponseHeaders:
        return root.callResponse?.headers;
      case MapType.CallResponseTrailers:
        return root.callResponse?.trailers;
      default:
        return undefined;
    }
  }

  /** Returns a map for changing, undefined when this phase does not allow it; may create empty trailers. */
  writableMap(_type: number): HeaderMap | undefined {
    return undefined;
  }

  /** Returns the header map that attributes use, for requests the readable one. */
  headersFor(type: number): HeaderMap | undefined {
    return this.readableMap(type);
  }

  /** Returns a buffer, undefined for NotFound. A stream buffer without data is empty. */
  buffer(type: number): BodyBuffer | Uint8Array | undefined {
    switch (type) {
      case BufferType.CallResponseBody:
        return this.root?.callResponse?.body;
      case BufferType.GrpcMessage:
        return this.root?.grpcMessage ?? emptyBytes;
      case BufferType.VmConfiguration:
        return this.vm.options.configuration;
      case BufferType.PluginConfiguration:
        return this.pluginConfiguration;
      case BufferType.CallData:
        return this.vm.callData ?? this.lastBuffer ?? emptyBytes;
      default:
        return emptyBytes;
    }
  }

  /** Replaces, prepends or appends data; returns a status. */
  setBuffer(type: number, start: number, size: number, data: Uint8Array): number {
    const buffer = this.buffer(type);
    if (buffer === undefined) return Status.NotFound;
    if (type === BufferType.CallData) return Status.BadArgument;
    return buffer instanceof BodyBuffer ? changeBody(buffer, start, size, data) : Status.BadArgument;
  }

  /**
   * Notes that a header map was changed; for requests the route is chosen again. `unsafe`: HTTP may not carry its contents.
   */
  headersChanged(_type: number, _unsafe: boolean): void {}

  continueStream(stream: number): number {
    return stream === StreamType.Upstream ? Status.Unimplemented : Status.Ok;
  }

  closeStream(_stream: number): number {
    return Status.Ok;
  }

  /** Sends a local reply; returns false in a context without an HTTP stream to answer. */
  sendLocalReply(
    _status: number,
    _details: string,
    _body: Uint8Array,
    _headers: [ByteString, ByteString][],
    _grpcStatus: number,
  ): boolean {
    return false;
  }

  clearRouteCache(): void {}
}

/**
 * Changes a body by Envoy's rule: at the front (drop and prepend; dropping all replaces) or at the end (append), never in
 * the middle.
 */
export function changeBody(body: BodyBuffer, start: number, size: number, data: Uint8Array): number {
  if (start === 0) {
    if (size > 0) {
      if (size >= body.length) body.clear();
      else body.drain(size);
    }
    body.prepend(data);
    return Status.Ok;
  }
  if (start < body.length) return Status.BadArgument;
  body.append(data);
  return Status.Ok;
}

/** Context 0, in which the entry point and the allocator run. */
export class VmContext extends Context {
  readonly root = undefined;

  constructor(vm: Vm) {
    super(vm, 0, 'wasm log: ');
  }
}
