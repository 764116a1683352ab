/** gRPC call-outs, unary and streams. */
import type { PendingGrpcCall } from '../vm/pending-calls.ts';
import { grpcTarget } from '../encoding/grpc-service.ts';
import { HeaderMap } from '../http/header-map.ts';
import { Status } from '../status.ts';
import type { GrpcListener } from '../types.ts';
import type { Vm } from '../vm/vm.ts';
import { givenHeaders } from './headers.ts';
import type { HostImplementations } from './implementation.ts';

export const grpcFunctions = {
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
    if (!vm.memory.holds(message >>> 0, messageSize >>> 0)) return Status.InvalidMemoryAccess;
    const data = vm.memory.copy(message >>> 0, messageSize >>> 0);
    const exchange = open(
      vm,
      'unary',
      [upstream, upstreamSize, service, serviceSize, method, methodSize, metadata, metadataSize],
      timeoutMs >>> 0,
      cell,
    );
    if (typeof exchange === 'number') return exchange;
    exchange.call?.send(data, true);
    return Status.Ok;
  },

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
    const exchange = open(
      vm,
      'stream',
      [upstream, upstreamSize, service, serviceSize, method, methodSize, metadata, metadataSize],
      undefined,
      cell,
    );
    return typeof exchange === 'number' ? exchange : Status.Ok;
  },

  proxy_grpc_send(vm: Vm, token: number, message: number, messageSize: number, endStream: number): number {
    if (!vm.memory.holds(message >>> 0, messageSize >>> 0)) return Status.InvalidMemoryAccess;
    if ((token & 3) !== 2) return Status.BadArgument;
    const exchange = vm.grpcCalls.get(token >>> 0);
    if (!exchange) return Status.NotFound;
    exchange.call?.send(vm.memory.copy(message >>> 0, messageSize >>> 0), endStream !== 0);
    return Status.Ok;
  },

  /** A stream is half-closed and forgotten once the other side has closed too; a unary call is given up. */
  proxy_grpc_close(vm: Vm, token: number): number {
    const exchange = find(vm, token);
    if (typeof exchange === 'number') return exchange;
    if (exchange.kind === 'unary') return giveUp(vm, token, exchange);
    exchange.localClosed = true;
    exchange.call?.close();
    if (exchange.remoteClosed) vm.grpcCalls.delete(token >>> 0);
    return Status.Ok;
  },

  proxy_grpc_cancel(vm: Vm, token: number): number {
    const exchange = find(vm, token);
    return typeof exchange === 'number' ? exchange : giveUp(vm, token, exchange);
  },
} satisfies HostImplementations;

function find(vm: Vm, token: number): PendingGrpcCall | number {
  const kind = token & 3;
  if (kind !== 1 && kind !== 2) return Status.BadArgument;
  return vm.grpcCalls.get(token >>> 0) ?? Status.NotFound;
}

function giveUp(vm: Vm, token: number, exchange: PendingGrpcCall): number {
  vm.grpcCalls.delete(token >>> 0);
  exchange.call?.cancel();
  return Status.Ok;
}

type Ranges = readonly [number, number, number, number, number, number, number, number];

function open(
  vm: Vm,
  kind: 'unary' | 'stream',
  [upstream, upstreamSize, service, serviceSize, method, methodSize, metadata, metadataSize]: Ranges,
  timeoutMs: number | undefined,
  cell: number,
): PendingGrpcCall | number {
  const { memory } = vm;
  const readable =
    memory.holds(upstream >>> 0, upstreamSize >>> 0) &&
    memory.holds(service >>> 0, serviceSize >>> 0) &&
    memory.holds(method >>> 0, methodSize >>> 0) &&
    memory.holds(metadata >>> 0, metadataSize >>> 0);
  if (!readable) return Status.InvalidMemoryAccess;
  const { root } = vm.context;
  if (root === undefined) return Status.BadArgument;
  const cluster = grpcTarget(memory.copy(upstream >>> 0, upstreamSize >>> 0));
  const token = vm.newCallId(kind === 'unary' ? 1 : 2);
  const exchange: PendingGrpcCall = { root, kind, call: undefined, localClosed: false, remoteClosed: false };
  vm.grpcCalls.set(token, exchange);
  const started = vm.services.environment.grpcCall(
    {
      cluster,
      service: memory.text(service >>> 0, serviceSize >>> 0),
      method: memory.text(method >>> 0, methodSize >>> 0),
      metadata: new HeaderMap(givenHeaders(vm, metadata >>> 0, metadataSize >>> 0)),
      timeoutMs,
    },
    listen(vm, token, exchange),
  );
  if (started.status !== 'started') {
    vm.grpcCalls.delete(token);
    if (started.status === 'unknown-cluster') vm.returnCallId(kind === 'unary' ? 1 : 2);
    vm.note(`gRPC cluster ${cluster}: ${started.status}`);
    return started.status === 'unknown-cluster' ? Status.ParseFailure : Status.InternalFailure;
  }
  exchange.call = started.call;
  return memory.setU32(cell >>> 0, token) ? exchange : Status.InvalidMemoryAccess;
}

/** A unary call has one callback: the message, or the close that says why there is none. */
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
