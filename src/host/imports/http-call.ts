/** The host function for HTTP call-outs: checked here, sent by the environment, answered on the root context. */
import { displayText } from '../encoding/bytes.ts';
import { HeaderMap } from '../http/header-map.ts';
import { canonicalName } from '../http/header-rules.ts';
import { addJoined } from '../http/inline-headers.ts';
import { MapType, Status } from '../status.ts';
import { CallKind } from '../vm/pending-calls.ts';
import type { Vm } from '../vm/vm.ts';
import { givenHeaders } from './headers.ts';
import type { HostImplementations } from './implementation.ts';

export const httpCallFunctions = {
  /**
   * Sends an HTTP request to a cluster; `proxy_on_http_call_response` of the root context gets the response, or zero
   * headers when there is none.
   *
   * In: `upstream`, `upstreamSize` hold the cluster's name; `headers`, `headersSize` serialized pairs with `:method`,
   * `:path` and `:authority`; `body`, `bodySize` the body; `trailers`, `trailersSize` serialized pairs that are checked
   * and, as in Envoy, not sent; `timeoutMs` is an i32, 0 for no limit.
   * Out: `cell` gets 0 before anything else is done, then the call's id as a u32.
   * Returns InvalidMemoryAccess for ranges or a cell outside memory; BadArgument for a negative timeout, a missing pseudo
   * header, an unknown cluster and a context without root; InternalFailure when the cluster has no healthy host; else Ok.
   * https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_http_call
   */
  proxy_http_call(
    vm: Vm,
    upstream: number,
    upstreamSize: number,
    headers: number,
    headersSize: number,
    body: number,
    bodySize: number,
    trailers: number,
    trailersSize: number,
    timeoutMs: number,
    cell: number,
  ): number {
    const { memory } = vm;
    const readable =
      memory.holds(upstream, upstreamSize) &&
      memory.holds(headers, headersSize) &&
      memory.holds(body, bodySize) &&
      memory.holds(trailers, trailersSize);
    if (!readable || !memory.setU32(cell, 0)) return Status.InvalidMemoryAccess;
    const { root } = vm.context;
    if (timeoutMs < 0 || root === undefined) return Status.BadArgument;
    const map = new HeaderMap();
    for (const [name, value] of givenHeaders(vm, headers, headersSize)) {
      // Envoy leaves out what has no name.
      if (name === '') continue;
      const type = MapType.RequestHeaders;
      addJoined(map.entries, type, canonicalName(type, name), value);
    }
    const cluster = displayText(memory.copy(upstream, upstreamSize));
    const complete = map.has(':path') && map.has(':method') && map.has(':authority');
    const call = { root, cancel: () => {} };
    if (!complete) {
      vm.note('call-out without :method, :path or :authority');
      return Status.BadArgument;
    }
    const token = vm.callIds.take(CallKind.Http);
    const data = memory.copy(body, bodySize);
    if (data.length > 0) map.set('content-length', String(data.length));
    vm.httpCalls.set(token, call);
    const started = vm.services.environment.httpCall(
      { cluster, headers: map, body: data, timeoutMs },
      {
        response: (answer, bytes, end) =>
          vm.deliver(() => root.onHttpCallResponse(token, answer, bytes, end)),
        failure: () => vm.deliver(() => root.onHttpCallFailure(token)),
      },
    );
    if (started.status === 'started') {
      call.cancel = started.cancel;
      return memory.setU32(cell, token) ? Status.Ok : Status.InvalidMemoryAccess;
    }
    vm.httpCalls.delete(token);
    if (started.status === 'unknown-cluster') vm.callIds.giveBack(CallKind.Http);
    vm.note(
      started.status === 'unavailable'
        ? `cluster ${cluster} has no healthy host`
        : `unknown cluster ${cluster}`,
    );
    return started.status === 'unavailable' ? Status.InternalFailure : Status.BadArgument;
  },
} satisfies HostImplementations;
