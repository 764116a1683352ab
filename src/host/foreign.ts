/** The foreign functions that Envoy registers, and the user's own. They act on the context whose callback is running. */
import { emptyBytes, utf8ByteString } from './bytes.ts';
import { bytesField, numberField, readMessage, textField } from './protobuf.ts';
import { signText, verifySignature } from './signatures.ts';
import { Status } from './status.ts';
import type { Vm } from './vm.ts';

type Result = Uint8Array | number;
type Foreign = (vm: Vm, argument: Uint8Array) => Result;

const envoyFunctions: ReadonlyMap<string, Foreign> = new Map<string, Foreign>([
  ['compress', (_vm, argument) => compression?.deflate(argument) ?? Status.InternalFailure],
  ['uncompress', (_vm, argument) => compression?.inflate(argument) ?? Status.InternalFailure],
  ['declare_property', (vm, argument) => declareProperty(vm, argument)],
  ['set_envoy_filter_state', (vm, argument) => setFilterState(vm, argument)],
  [
    'clear_route_cache',
    vm => {
      vm.current.clearRouteCache();
      return emptyBytes;
    },
  ],
]);

interface Compression {
  deflate(data: Uint8Array): Uint8Array;
  inflate(data: Uint8Array): Result;
}

let compression: Compression | undefined;

/** To be awaited before a guest starts that imports `proxy_call_foreign_function`; others start sooner without it. */
export async function prepareForeign(): Promise<void> {
  compression ??= await import('./compression.ts');
}

/** Result bytes, a status, or undefined when nobody knows the name. */
export function callForeign(vm: Vm, name: string, argument: Uint8Array): Result | undefined {
  const own = vm.services.foreignFunctions.get(name);
  if (own) return own(argument);
  const known = envoyFunctions.get(name);
  if (known) return known(vm, argument);
  const { signatures } = vm.services.environment;
  const { pemKeys, signFunction } = vm.services.profile;
  if (signatures && name === 'verify_signature') return verifySignature(signatures, argument, pemKeys);
  return signatures && name === 'sign' && signFunction ? signText(signatures, argument) : undefined;
}

function declareProperty(vm: Vm, argument: Uint8Array): Result {
  const message = readMessage(argument);
  const { current } = vm;
  if (!message) return Status.BadArgument;
  const name = utf8ByteString(textField(message, 1) ?? '');
  if (current.declared.has(name)) return Status.BadArgument;
  current.declared.set(name, {
    readOnly: numberField(message, 2) !== 0,
    type: numberField(message, 3),
    span: numberField(message, 5),
  });
  return emptyBytes;
}

/** Names that Envoy has an object factory for, as far as a filter would set them. */
const stateFactories = new Set([
  'envoy.tcp_proxy.cluster',
  'envoy.upstream.dynamic_host',
  'envoy.network.upstream_server_name',
  'envoy.network.upstream_subject_alt_names',
  'envoy.network.application_protocols',
  'envoy.string',
]);

function setFilterState(vm: Vm, argument: Uint8Array): Result {
  const message = readMessage(argument);
  if (!message) return Status.BadArgument;
  const state = (vm.services.profile.foreignOnEffective ? vm.context : vm.current).filterState;
  const path = textField(message, 1) ?? '';
  if (!state || !stateFactories.has(path)) return Status.NotFound;
  state.set(utf8ByteString(path), { value: bytesField(message, 2) ?? emptyBytes, readOnly: false });
  return emptyBytes;
}
