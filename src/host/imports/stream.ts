/** Host functions with which a filter steers its stream (continue, close, answer) and its contexts (effective context, done). */
import { displayText } from '../encoding/bytes.ts';
import { Status, StreamType } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import { givenHeaders } from './headers.ts';
import type { HostImplementations } from './implementation.ts';

const isStreamType = (type: number): boolean => type >= 0 && type <= StreamType.Upstream;

export const streamFunctions = {
  /**
   * Continues a paused direction of the stream once the guest has returned.
   *
   * In: `stream` is 0 request, 1 response, 2 downstream or 3 upstream. 0 and 1 also take the maps and the body of the
   * request away from the guest at once, as Envoy does.
   * Returns BadArgument for another type, Unimplemented for upstream of an HTTP stream or a connection, else Ok, also where
   * there is no stream.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_continue_stream
   */
  proxy_continue_stream(vm: Vm, stream: number): number {
    return isStreamType(stream) ? vm.context.continueStream(stream) : Status.BadArgument;
  },

  /**
   * Continues a paused request; only in 0.1.0, otherwise as `proxy_continue_stream` with 0.
   * Returns Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.1.0#proxy_continue_request
   */
  proxy_continue_request(vm: Vm): number {
    return vm.context.continueStream(StreamType.Request);
  },

  /**
   * Continues a paused response; only in 0.1.0, otherwise as `proxy_continue_stream` with 1.
   * Returns Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.1.0#proxy_continue_response
   */
  proxy_continue_response(vm: Vm): number {
    return vm.context.continueStream(StreamType.Response);
  },

  /**
   * Resets the HTTP stream, or closes one side of a connection, once the guest has returned.
   *
   * In: `stream` is 0 request, 1 response, 2 downstream or 3 upstream.
   * Returns BadArgument for another type, else Ok, also where there is no such stream.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_close_stream
   */
  proxy_close_stream(vm: Vm, stream: number): number {
    return isStreamType(stream) ? vm.context.closeStream(stream) : Status.BadArgument;
  },

  /**
   * Makes the host choose the route again from the current request headers; only in 0.1.0, later versions call the foreign
   * function of this name.
   * Returns Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.1.0#proxy_clear_route_cache
   */
  proxy_clear_route_cache(vm: Vm): number {
    vm.context.clearRouteCache();
    return Status.Ok;
  },

  /**
   * Answers the client instead of the upstream, once the guest has returned. The callback's own return value no longer
   * counts.
   *
   * In: `status` is the HTTP status, of which 16 bits are used; `details`, `detailsSize` hold the response-code details, in
   * which white space becomes `_`; `body`, `bodySize` the body; `headers`, `headersSize` serialized pairs, where a
   * malformed block counts as none; `grpcStatus` is what a gRPC client gets, −1 for one derived from `status`.
   * Returns InvalidMemoryAccess for ranges outside memory, else Ok, also where there is no HTTP stream to answer.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_send_local_response
   */
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
      memory.holds(details, detailsSize) &&
      memory.holds(body, bodySize) &&
      memory.holds(headers, headersSize);
    if (!readable) return Status.InvalidMemoryAccess;
    vm.stopIteration = true;
    const reason = displayText(memory.copy(details, detailsSize)).replace(/\s/g, '_');
    const sent = vm.context.sendLocalReply(
      status & 0xffff,
      reason,
      memory.copy(body, bodySize),
      givenHeaders(vm, headers, headersSize),
      grpcStatus,
    );
    if (!sent) vm.report('warn', 'a local response was sent where there is no stream to answer: ignored');
    return Status.Ok;
  },

  /**
   * Lets the host calls of this callback act on another context of the same VM, until the callback returns.
   *
   * In: `id` is the context's id; 0 goes back to the callback's own context.
   * Returns BadArgument when no context has the id (any more), else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_set_effective_context
   */
  proxy_set_effective_context(vm: Vm, id: number): number {
    const context = vm.contexts.get(id >>> 0);
    if (context === undefined) return Status.BadArgument;
    vm.effective = id === 0 ? undefined : context;
    return Status.Ok;
  },

  /**
   * Finishes the root context after its `proxy_on_done` returned 0: `proxy_on_delete` follows once the guest has returned.
   * Returns NotFound when the root does not wait for it, else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_done
   */
  proxy_done(vm: Vm): number {
    return vm.context.root?.finish() === true ? Status.Ok : Status.NotFound;
  },
} satisfies HostImplementations;
