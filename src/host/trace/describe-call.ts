/** Explains why a host call did not return Ok, in a sentence that says what would have worked. */
import type { HostFunctionName } from '../../wasm/functions.ts';
import { bufferNames, mapNames, Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';

type Values = readonly (number | bigint)[];

export function describeCall(vm: Vm, name: string, values: Values, status: number): string | undefined {
  if (status === Status.InvalidMemoryAccess) {
    return 'a pointer and size lie outside of the guest memory, or the allocator returned no block';
  }
  const type = Number(values[0] ?? 0) >>> 0;
  if (name.includes('header_map')) return explainMap(vm, type, status);
  if (name.includes('buffer')) return explainBuffer(type, status);
  return byFunction.get(name)?.[status] ?? general[status];
}

function explainMap(vm: Vm, type: number, status: number): string {
  const map = mapNames[type];
  if (map === undefined) return `map types go from 0 to ${mapNames.length - 1}`;
  if (status === Status.NotFound) return `the ${map} do not contain this name`;
  if (vm.context.inLogPhase) return `the ${map} cannot be changed in proxy_on_log`;
  if (type > 3) return `the ${map} exist only inside the callback of the call-out, and cannot be changed`;
  return `the ${map} are not available in this callback: headers can be read and changed in their own callback, and later only if that callback has not returned Continue`;
}

function explainBuffer(type: number, status: number): string {
  const buffer = bufferNames[type];
  if (buffer === undefined) return `buffer types go from 0 to ${bufferNames.length - 1}`;
  if (status === Status.NotFound) return `the ${buffer} exists only in its own callback`;
  return `the ${buffer} cannot be changed here, or the change was in the middle: only the front and the end can be changed`;
}

const byFunction: ReadonlyMap<string, Readonly<Record<number, string>>> = new Map(
  Object.entries({
    proxy_get_property: {
      [Status.NotFound]: 'there is no such attribute, or not in this phase (header attributes need the map)',
      [Status.SerializationFailure]: 'a group of attributes cannot be read as a whole: name one attribute',
    },
    proxy_set_property: { [Status.NotFound]: 'this context has no stream: set the effective context first' },
    proxy_get_shared_data: { [Status.NotFound]: 'no VM with this vm_id has stored this key' },
    proxy_set_shared_data: {
      [Status.CasMismatch]: 'another VM has stored this key since it was read: read it again',
    },
    proxy_resolve_shared_queue: {
      [Status.NotFound]: 'no queue of this name was registered under this vm_id',
    },
    proxy_dequeue_shared_queue: {
      [Status.NotFound]: 'no queue has this id',
      [Status.Empty]: 'the queue is empty',
    },
    proxy_enqueue_shared_queue: { [Status.NotFound]: 'no queue has this id' },
    proxy_increment_metric: {
      [Status.BadArgument]: 'a counter can only be increased, and a histogram only recorded',
      [Status.NotFound]: 'this VM has defined no such metric',
    },
    proxy_record_metric: { [Status.NotFound]: 'this VM has defined no such metric' },
    proxy_get_metric: {
      [Status.BadArgument]: 'a histogram cannot be read back',
      [Status.NotFound]: 'this VM has defined no such metric',
    },
    proxy_define_metric: { [Status.BadArgument]: 'types are 0 counter, 1 gauge, 2 histogram' },
    proxy_continue_stream: {
      [Status.Unimplemented]: 'Envoy cannot continue the upstream side of a connection',
      [Status.BadArgument]: 'stream types go from 0 to 3',
    },
    proxy_set_effective_context: { [Status.BadArgument]: 'no context has this id, or it was deleted' },
    proxy_done: {
      [Status.NotFound]: 'the root context does not wait for it: proxy_on_done did not return 0',
    },
    proxy_call_foreign_function: { [Status.NotFound]: 'the host registers no foreign function of this name' },
    proxy_grpc_send: {
      [Status.BadArgument]: 'messages can be sent on gRPC streams only',
      [Status.NotFound]: 'no gRPC stream has this id',
    },
    proxy_http_call: { [Status.BadArgument]: 'the timeout is negative' },
    proxy_log: { [Status.BadArgument]: 'levels go from 0 to 5' },
  } satisfies Partial<Record<HostFunctionName, Readonly<Record<number, string>>>>),
);

const general: Readonly<Record<number, string>> = {
  [Status.BadArgument]: 'an argument is out of range',
  [Status.NotFound]: 'it does not exist',
  [Status.InternalFailure]: 'the host failed to do it, or the capability is not allowed',
};
