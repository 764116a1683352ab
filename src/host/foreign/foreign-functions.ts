/** The foreign functions that Envoy registers, and the user's own. They act on the context whose callback is running. */
import { emptyBytes, utf8ByteString } from '../encoding/bytes.ts';
import type { CompiledFilter } from '../vm/compile.ts';
import { bytesField, numberField, readMessage, textField } from '../encoding/protobuf.ts';
import { signText, verifySignature } from './signatures.ts';
import { moduleConstants } from '../vm/module-constants.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';

/** Bytes for the guest, which get a block of their own even when they are empty; or a status. */
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
      return Status.Ok;
    },
  ],
]);

interface Compression {
  deflate(data: Uint8Array): Uint8Array;
  inflate(data: Uint8Array): Result;
}

let compression: Compression | undefined;
let expressions: ReadonlyMap<string, Foreign> | undefined;

/**
 * Loads what foreign functions need, before a guest starts: only for modules that can call them, and expressions only for
 * those whose bytes contain the name. Other modules start sooner.
 */
export async function prepareForeign({ info, bytes }: CompiledFilter): Promise<void> {
  if (!info.imports.some(({ name }) => name === 'proxy_call_foreign_function')) return;
  compression ??= await import('./compression.ts');
  if (expressions === undefined && moduleConstants(info, bytes)('expr_create')) {
    expressions = (await import('../cel/expressions.ts')).expressionFunctions;
  }
}

/** Calls a foreign function; returns result bytes, a status, or undefined for an unknown name. */
export function callForeign(vm: Vm, name: string, argument: Uint8Array): Result | undefined {
  const own = vm.services.foreignFunctions.get(name);
  if (own) return own(argument);
  const known = envoyFunctions.get(name) ?? expressions?.get(name);
  if (known) return known(vm, argument);
  const { signatures } = vm.services.environment;
  const { pemKeys, signFunction } = vm.services.profile;
  if (signatures && name === 'verify_signature') return verifySignature(signatures, argument, pemKeys);
  if (signatures && name === 'sign' && signFunction) return signText(signatures, argument);
  if (name.startsWith('expr_')) {
    vm.note('expressions exist only for modules that have the text expr_create among their constants');
  }
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
  return Status.Ok;
}

/** Names that Envoy has an object factory for and that a filter may set. */
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
  return Status.Ok;
}
