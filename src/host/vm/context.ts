/** What a guest calls a context: the thing a callback is about. This is the part all kinds share; a kind adds its maps and buffers. */
import { BodyBuffer } from '../http/body.ts';
import { emptyBytes } from '../encoding/bytes.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { RootContext } from './root-context.ts';
import { BufferType, MapType, Status, StreamType } from '../status.ts';
import type { StateMap } from '../properties/filter-state.ts';
import type { ByteString, StreamInfo } from '../types.ts';
import type { Vm } from './vm.ts';

export type PropertyValue = ByteString | Uint8Array;

/** How filter state of a name behaves, as `declare_property` said. */
export interface DeclaredProperty {
  readonly readOnly: boolean;
  readonly type: number;
  readonly span: number;
}

export abstract class Context {
  #declarations: Map<ByteString, DeclaredProperty> | undefined;
  /** What a guest touched last: Envoy shows it again as buffer type 8 outside its callbacks. */
  lastBuffer: BodyBuffer | Uint8Array | undefined;
  readonly id: number;
  readonly vm: Vm;
  /** `wasm log …` with what Envoy puts there. */
  readonly logPrefix: string;
  /** Undefined for the VM's own context, and for a root that is its own. */
  abstract readonly root: RootContext | undefined;

  constructor(vm: Vm, id: number, logPrefix: string) {
    this.vm = vm;
    this.id = id;
    this.logPrefix = logPrefix;
  }

  /** What `declare_property` said in this context; `set_property` looks at the root's. */
  get declared(): Map<ByteString, DeclaredProperty> {
    this.#declarations ??= new Map();
    return this.#declarations;
  }

  /** The plugin's configuration, where it can be read. */
  get pluginConfiguration(): Uint8Array | undefined {
    return undefined;
  }

  /** True while `proxy_on_log` runs: maps are read-only, and a missing map is NotFound. */
  get inLogPhase(): boolean {
    return false;
  }

  /** Facts of the stream, undefined outside streams. */
  get streamInfo(): StreamInfo | undefined {
    return undefined;
  }

  get filterState(): StateMap | undefined {
    return undefined;
  }

  /** The same to be read: an access logger sees it, and cannot change it. */
  get shownState(): StateMap | undefined {
    return this.filterState;
  }

  /** The map for reading; undefined when this phase has none. */
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

  /** The map for changing; may create empty trailers. */
  writableMap(_type: number): HeaderMap | undefined {
    return undefined;
  }

  /** The header map that attributes look at, which for requests is the readable one. */
  headersFor(type: number): HeaderMap | undefined {
    return this.readableMap(type);
  }

  /** Undefined: NotFound. A stream buffer without data is there, and empty. */
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

  /** Replaces, prepends or appends. A status. */
  setBuffer(type: number, start: number, size: number, data: Uint8Array): number {
    const buffer = this.buffer(type);
    if (buffer === undefined) return Status.NotFound;
    if (type === BufferType.CallData) return Status.BadArgument;
    return buffer instanceof BodyBuffer ? changeBody(buffer, start, size, data) : Status.BadArgument;
  }

  /** A header map was changed; for requests the route is chosen again. `unsafe`: what HTTP cannot carry may be in it. */
  headersChanged(_type: number, _unsafe: boolean): void {}

  continueStream(stream: number): number {
    return stream === StreamType.Upstream ? Status.Unimplemented : Status.Ok;
  }

  closeStream(_stream: number): number {
    return Status.Ok;
  }

  /** False when there is no HTTP stream that could be answered. */
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

/** Envoy's rule: from the front (drop and prepend, all of it: replace) or at the end (append), never in the middle. */
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

/** Context 0: the entry point and the allocator run in it. */
export class VmContext extends Context {
  readonly root = undefined;

  constructor(vm: Vm) {
    super(vm, 0, 'wasm log: ');
  }
}
