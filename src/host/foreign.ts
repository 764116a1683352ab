/** The foreign functions that Envoy registers, and the user's own. They act on the context whose callback is running. */
import { emptyBytes, utf8ByteString } from './bytes.ts';
import { bytesField, type Message, numberField, readMessage, textField, writeMessage } from './protobuf.ts';
import { Status } from './status.ts';
import type { SignatureProvider } from './types.ts';
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
  if (signatures && name === 'verify_signature') return verify(vm, signatures, argument);
  if (signatures && name === 'sign' && vm.services.profile.signFunction) return sign(signatures, argument);
  return undefined;
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

/** DER in one field or PEM in the other; both or none is wrong. */
function keyOf(message: Message, der: number, pem: number): Uint8Array | string | undefined {
  const binary = bytesField(message, der);
  const text = textField(message, pem);
  if (binary && text !== undefined) return undefined;
  return binary ?? text;
}

function verify(vm: Vm, signatures: SignatureProvider, argument: Uint8Array): Result {
  if (argument.length === 0 && !vm.services.profile.signFunction) {
    return writeMessage([[2, ' is not supported.']]);
  }
  const message = readMessage(argument);
  const key = message && keyOf(message, 2, 5);
  if (!message || key === undefined) return Status.BadArgument;
  const verdict = signatures.verify(
    textField(message, 1) ?? '',
    key,
    bytesField(message, 3) ?? emptyBytes,
    bytesField(message, 4) ?? emptyBytes,
  );
  if (!verdict) return Status.BadArgument;
  return writeMessage([
    [1, verdict.valid ? 1 : 0],
    [2, verdict.error],
  ]);
}

function sign(signatures: SignatureProvider, argument: Uint8Array): Result {
  const message = readMessage(argument);
  const key = message && keyOf(message, 2, 4);
  if (!message || key === undefined) return Status.BadArgument;
  const signed = signatures.sign(textField(message, 1) ?? '', key, bytesField(message, 3) ?? emptyBytes);
  if (!signed) return Status.BadArgument;
  return writeMessage([
    [1, signed.error === '' ? 1 : 0],
    [2, signed.signature],
    [3, signed.error],
  ]);
}
