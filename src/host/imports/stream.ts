/** What a filter does with its stream: continue, close, answer; and with its contexts: effective context, done. */
import { displayText } from '../encoding/bytes.ts';
import { Status, StreamType } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import { givenHeaders } from './headers.ts';
import type { HostImplementations } from './implementation.ts';

export const streamFunctions = {
  proxy_continue_stream(vm: Vm, stream: number): number {
    return stream >>> 0 > StreamType.Upstream ? Status.BadArgument : vm.context.continueStream(stream);
  },

  proxy_continue_request(vm: Vm): number {
    return vm.context.continueStream(StreamType.Request);
  },

  proxy_continue_response(vm: Vm): number {
    return vm.context.continueStream(StreamType.Response);
  },

  proxy_close_stream(vm: Vm, stream: number): number {
    return stream >>> 0 > StreamType.Upstream ? Status.BadArgument : vm.context.closeStream(stream);
  },

  proxy_clear_route_cache(vm: Vm): number {
    vm.context.clearRouteCache();
    return Status.Ok;
  },

  proxy_send_local_response(
    vm: Vm,
    status: number,
    details: number,
    detailsSize: number,
    body: number,
    bodySize: number,
    headers: number,
    headersSize: number,
    grpcStatus: number,
  ): number {
    const { memory } = vm;
    const readable =
      memory.holds(details >>> 0, detailsSize >>> 0) &&
      memory.holds(body >>> 0, bodySize >>> 0) &&
      memory.holds(headers >>> 0, headersSize >>> 0);
    if (!readable) return Status.InvalidMemoryAccess;
    vm.stopIteration = true;
    const reason = displayText(memory.copy(details >>> 0, detailsSize >>> 0)).replace(/\s/g, '_');
    const sent = vm.context.sendLocalReply(
      status & 0xffff,
      reason,
      memory.copy(body >>> 0, bodySize >>> 0),
      givenHeaders(vm, headers >>> 0, headersSize >>> 0),
      grpcStatus,
    );
    if (!sent) vm.report('warn', 'a local response was sent where there is no stream to answer: ignored');
    return Status.Ok;
  },

  proxy_set_effective_context(vm: Vm, id: number): number {
    const context = vm.contexts.get(id >>> 0);
    if (context === undefined) return Status.BadArgument;
    vm.effective = id === 0 ? undefined : context;
    return Status.Ok;
  },

  proxy_done(vm: Vm): number {
    return vm.context.root?.finish() === true ? Status.Ok : Status.NotFound;
  },
} satisfies HostImplementations;
