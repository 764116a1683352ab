/** HTTP call-outs: checked here, made by the environment, answered on the root context. */
import { displayText } from '../encoding/bytes.ts';
import { HeaderMap } from '../http/header-map.ts';
import { canonicalName } from '../http/header-rules.ts';
import { addJoined } from '../http/inline-headers.ts';
import { MapType, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import { givenHeaders } from './headers.ts';
import type { HostImplementations } from './implementation.ts';

export const httpCallFunctions = {
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
      memory.holds(upstream >>> 0, upstreamSize >>> 0) &&
      memory.holds(headers >>> 0, headersSize >>> 0) &&
      memory.holds(body >>> 0, bodySize >>> 0) &&
      memory.holds(trailers >>> 0, trailersSize >>> 0);
    if (!readable || !memory.setU32(cell >>> 0, 0)) return Status.InvalidMemoryAccess;
    const { root } = vm.context;
    if (timeoutMs < 0 || root === undefined) return Status.BadArgument;
    const map = new HeaderMap();
    for (const [name, value] of givenHeaders(vm, headers >>> 0, headersSize >>> 0)) {
      // Envoy leaves out what has no name.
      if (name === '') continue;
      const type = MapType.RequestHeaders;
      addJoined(map.entries, type, canonicalName(type, name), value);
    }
    const cluster = displayText(memory.copy(upstream >>> 0, upstreamSize >>> 0));
    const complete = map.has(':path') && map.has(':method') && map.has(':authority');
    const call = { root, cancel: () => {} };
    if (!complete) {
      vm.note('call-out without :method, :path or :authority');
      return Status.BadArgument;
    }
    const token = vm.newCallId(0);
    const data = memory.copy(body >>> 0, bodySize >>> 0);
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
      return memory.setU32(cell >>> 0, token) ? Status.Ok : Status.InvalidMemoryAccess;
    }
    vm.httpCalls.delete(token);
    if (started.status === 'unknown-cluster') vm.returnCallId(0);
    vm.note(
      started.status === 'unavailable'
        ? `cluster ${cluster} has no healthy host`
        : `unknown cluster ${cluster}`,
    );
    return started.status === 'unavailable' ? Status.InternalFailure : Status.BadArgument;
  },
} satisfies HostImplementations;
