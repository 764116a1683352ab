/** Host functions for gRPC call-outs, unary and streams. */
import { CallKind, type PendingGrpcCall } from '../vm/pending-calls.ts';
import { grpcTarget } from '../encoding/grpc-service.ts';
import { HeaderMap } from '../http/header-map.ts';
import { Status } from '../status.ts';
import type { GrpcListener, GrpcRequest } from '../types.ts';
import type { Vm } from '../vm/vm.ts';
import { givenHeaders } from './headers.ts';
import type { HostImplementations } from './implementation.ts';

export const grpcFunctions = {
  /**
   * Sends one message to a gRPC method. The root context gets `proxy_on_grpc_receive` with the response, or
   * `proxy_on_grpc_close` with the status.
   *
   * In: `upstream`, `upstreamSize` hold the cluster's name or a serialized `envoy.config.core.v3.GrpcService`; `service`,
   * `serviceSize` and `method`, `methodSize` the names; `metadata`, `metadataSize` serialized pairs; `message`,
   * `messageSize` the message without its frame; `timeoutMs` is a u32, 0 for no limit.
   * Out: `cell` gets the call's id as a u32.
   * Returns InvalidMemoryAccess for ranges or a cell outside memory, BadArgument for a context without root, ParseFailure
   * for an unknown cluster, InternalFailure when the cluster has no healthy host, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_grpc_call
   */
  proxy_grpc_call(
    vm: Vm,
    upstream: number,
    upstreamSize: number,
    service: number,
    serviceSize: number,
    method: number,
    methodSize: number,
    metadata: number,
    metadataSize: number,
    message: number,
    messageSize: number,
    timeoutMs: number,
    cell: number,
  ): number {
    if (!vm.memory.holds(message, messageSize)) return Status.InvalidMemoryAccess;
    const data = vm.memory.copy(message, messageSize);
    const names = [upstream, upstreamSize, service, serviceSize, method, methodSize] as const;
    const target = readTarget(vm, names, metadata, metadataSize);
    if (typeof target === 'number') return target;
    const exchange = open(vm, 'unary', { ...target, timeoutMs: timeoutMs >>> 0 }, cell);
    if (typeof exchange === 'number') return exchange;
    exchange.call?.send(data, true);
    return Status.Ok;
  },

  /**
   * Opens a stream of messages to a gRPC method; its events come to the root context, `proxy_on_grpc_close` last.
   *
   * In: `upstream`, `upstreamSize` hold the cluster's name or a serialized `envoy.config.core.v3.GrpcService`; `service`,
   * `serviceSize` and `method`, `methodSize` the names; `metadata`, `metadataSize` serialized pairs.
   * Out: `cell` gets the stream's id as a u32.
   * Returns InvalidMemoryAccess for ranges or a cell outside memory, BadArgument for a context without root, ParseFailure
   * for an unknown cluster, InternalFailure when the cluster has no healthy host, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_grpc_stream
   */
  proxy_grpc_stream(
    vm: Vm,
    upstream: number,
    upstreamSize: number,
    service: number,
    serviceSize: number,
    method: number,
    methodSize: number,
    metadata: number,
    metadataSize: number,
    cell: number,
  ): number {
    const names = [upstream, upstreamSize, service, serviceSize, method, methodSize] as const;
    const target = readTarget(vm, names, metadata, metadataSize);
    if (typeof target === 'number') return target;
    const exchange = open(vm, 'stream', { ...target, timeoutMs: undefined }, cell);
    return typeof exchange === 'number' ? exchange : Status.Ok;
  },

  /**
   * Sends a message on a gRPC stream.
   *
   * In: `token` is the stream's id; `message`, `messageSize` hold the message without its frame; `endStream` other than 0
   * half-closes the stream behind it.
   * Returns InvalidMemoryAccess for a message outside memory, BadArgument for an id that is not a stream's, NotFound for an
   * unknown stream, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_grpc_send
   */
  proxy_grpc_send(vm: Vm, token: number, message: number, messageSize: number, endStream: number): number {
    if (!vm.memory.holds(message, messageSize)) return Status.InvalidMemoryAccess;
    if ((token & 3) !== CallKind.GrpcStream) return Status.BadArgument;
    const exchange = vm.grpcCalls.get(token >>> 0);
    if (!exchange) return Status.NotFound;
    exchange.call?.send(vm.memory.copy(message, messageSize), endStream !== 0);
    return Status.Ok;
  },

  /**
   * Half-closes a gRPC stream, which is forgotten once the other side has closed too; cancels a unary call.
   *
   * In: `token` is the id.
   * Returns BadArgument for an id of another kind, NotFound for an unknown call, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_grpc_close
   */
  proxy_grpc_close(vm: Vm, token: number): number {
    const exchange = find(vm, token);
    if (typeof exchange === 'number') return exchange;
    if (exchange.kind === 'unary') return giveUp(vm, token, exchange);
    exchange.localClosed = true;
    exchange.call?.close();
    if (exchange.remoteClosed) vm.grpcCalls.delete(token >>> 0);
    return Status.Ok;
  },

  /**
   * Cancels a gRPC call or stream; no callback follows.
   *
   * In: `token` is the id.
   * Returns BadArgument for an id of another kind, NotFound for an unknown call, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_grpc_cancel
   */
  proxy_grpc_cancel(vm: Vm, token: number): number {
    const exchange = find(vm, token);
    return typeof exchange === 'number' ? exchange : giveUp(vm, token, exchange);
  },
} satisfies HostImplementations;

function find(vm: Vm, token: number): PendingGrpcCall | number {
  const kind = token & 3;
  if (kind !== CallKind.GrpcUnary && kind !== CallKind.GrpcStream) return Status.BadArgument;
  return vm.grpcCalls.get(token >>> 0) ?? Status.NotFound;
}

function giveUp(vm: Vm, token: number, exchange: PendingGrpcCall): number {
  vm.grpcCalls.delete(token >>> 0);
  exchange.call?.cancel();
  return Status.Ok;
}

type NameRanges = readonly [
  upstream: number,
  upstreamSize: number,
  service: number,
  serviceSize: number,
  method: number,
  methodSize: number,
];

/** Reads whom a call goes to; returns a status when a range lies outside memory. */
function readTarget(
  vm: Vm,
  [upstream, upstreamSize, service, serviceSize, method, methodSize]: NameRanges,
  metadata: number,
  metadataSize: number,
): Omit<GrpcRequest, 'timeoutMs'> | number {
  const { memory } = vm;
  const readable =
    memory.holds(upstream, upstreamSize) &&
    memory.holds(service, serviceSize) &&
    memory.holds(method, methodSize) &&
    memory.holds(metadata, metadataSize);
  if (!readable) return Status.InvalidMemoryAccess;
  return {
    cluster: grpcTarget(memory.copy(upstream, upstreamSize)),
    service: memory.text(service, serviceSize),
    method: memory.text(method, methodSize),
    metadata: new HeaderMap(givenHeaders(vm, metadata, metadataSize)),
  };
}

/** Opens a call and writes its id into `cell`; returns a status when that fails. */
function open(
  vm: Vm,
  kind: 'unary' | 'stream',
  request: GrpcRequest,
  cell: number,
): PendingGrpcCall | number {
  const { root } = vm.context;
  if (root === undefined) return Status.BadArgument;
  const idKind = kind === 'unary' ? CallKind.GrpcUnary : CallKind.GrpcStream;
  const token = vm.callIds.take(idKind);
  const exchange: PendingGrpcCall = { root, kind, call: undefined, localClosed: false, remoteClosed: false };
  vm.grpcCalls.set(token, exchange);
  const started = vm.services.environment.grpcCall(request, listen(vm, token, exchange));
  if (started.status !== 'started') {
    vm.grpcCalls.delete(token);
    if (started.status === 'unknown-cluster') vm.callIds.giveBack(idKind);
    vm.note(`gRPC cluster ${request.cluster}: ${started.status}`);
    return started.status === 'unknown-cluster' ? Status.ParseFailure : Status.InternalFailure;
  }
  exchange.call = started.call;
  return vm.memory.setU32(cell, token) ? exchange : Status.InvalidMemoryAccess;
}

/** Delivers the events of a call to the root. A unary call has one callback: the message, or the close that says why there is none. */
function listen(vm: Vm, token: number, exchange: PendingGrpcCall): GrpcListener {
  const { root, kind } = exchange;
  const alive = (): boolean => vm.grpcCalls.get(token) === exchange;
  return {
    initialMetadata: metadata => {
      if (kind === 'stream') vm.deliver(() => root.onGrpcInitialMetadata(token, metadata));
    },
    message: message =>
      vm.deliver(() => {
        root.onGrpcMessage(token, message);
        if (kind === 'unary') vm.grpcCalls.delete(token);
      }),
    trailingMetadata: metadata => {
      if (kind === 'stream') vm.deliver(() => root.onGrpcTrailingMetadata(token, metadata));
    },
    close: (status, message) =>
      vm.deliver(() => {
        if (!alive()) return;
        exchange.remoteClosed = true;
        if (kind === 'unary' || exchange.localClosed) vm.grpcCalls.delete(token);
        root.onGrpcClose(token, status, message);
        if (kind === 'stream' && exchange.localClosed) vm.grpcCalls.delete(token);
      }),
  };
}
