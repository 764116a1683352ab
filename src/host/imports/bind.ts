/** Binds the host functions a module imports to its VM: one small function each, by number of parameters. */
import { WasmeError } from '../../errors.ts';
import { maxMemoryPages } from '../../wasm/abi.ts';
import { wasiModules } from '../../wasm/functions.ts';
import type { LinkedModule } from '../vm/compile.ts';
import { findImport, type HostImplementation } from './index.ts';
import { isAllowedIn, CallPhase } from '../vm/call-phases.ts';
import { Errno, Status } from '../status.ts';
import { instanceError } from '../vm/traps.ts';
import type { Vm } from '../vm/vm.ts';

/** Only what the module imports; that all of it is known and of the right type was judged before. */
export function bindImports(vm: Vm): LinkedModule {
  try {
    return makeImports(vm);
  } catch (error) {
    throw instanceError(vm.failure, error);
  }
}

/** Fails with what the engine throws when there is no room for a memory or a table. */
function makeImports(vm: Vm): LinkedModule {
  const imports = Object.create(null) as Record<string, Record<string, WebAssembly.ImportValue>>;
  let memory: WebAssembly.Memory | undefined;
  for (const item of vm.compiled.info.imports) {
    // The names are the module's: without a prototype `__proto__` and `constructor` are names like any other.
    const target = (imports[item.module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>);
    if (item.kind === 'memory') {
      const { min, max } = item.limits;
      memory = new WebAssembly.Memory({
        initial: min,
        maximum: Math.min(max ?? maxMemoryPages, maxMemoryPages),
      });
      target[item.name] = memory;
    } else if (item.kind === 'table') {
      const { min, max } = item.limits;
      const element = item.element === 'externref' ? 'externref' : 'anyfunc';
      target[item.name] = new WebAssembly.Table({
        element,
        initial: min,
        ...(max === undefined ? {} : { maximum: max }),
      });
    } else if (item.kind === 'function') {
      target[item.name] = bind(vm, item.module, item.name, item.type.params.length);
    }
  }
  return { imports, memory };
}

function bind(vm: Vm, module: string, name: string, arity: number): WebAssembly.ImportValue {
  const found = findImport(module, name);
  if (!found) throw new WasmeError('INTERNAL', `no implementation of ${module}.${name}`);
  const wasi = wasiModules.includes(module);
  const { capabilities } = vm.options;
  const restricted =
    (wasi || name.startsWith('proxy_')) && capabilities !== undefined && !capabilities.has(name);
  const call = restricted ? refusal(name, wasi) : found;
  return direct(vm, module, name, call, arity) as WebAssembly.ImportValue;
}

function refusal(name: string, wasi: boolean): HostImplementation {
  return vm => {
    vm.report('error', `Attempted call to restricted proxy-wasm capability: ${name}`);
    return wasi ? Errno.NotCapable : Status.InternalFailure;
  };
}

type Argument = number | bigint;

/** The slow way: a phase in which not everything is allowed, or a trace. */
function guarded(
  vm: Vm,
  module: string,
  name: string,
  call: HostImplementation,
  values: Argument[],
): number | undefined {
  if (vm.phase === CallPhase.Load) return vm.abort(`${name} was called while the module was instantiated`);
  if (!isAllowedIn(vm.phase, module, name)) return vm.abort('Uncaught Error: restricted_callback');
  const { tracer } = vm.options;
  if (tracer === undefined) return call(vm, ...(values as never[]));
  return tracer.hostCall(vm, name, values, () => call(vm, ...(values as never[])));
}

/**
 * One closure per import, made once. Spelled out by arity: a rest parameter would make an array on every call.
 * The long list is the price of that.
 */
function direct(vm: Vm, module: string, name: string, call: HostImplementation, arity: number): unknown {
  const run = call as (vm: Vm, ...values: Argument[]) => number;
  type A = Argument;
  switch (arity) {
    case 0:
      return () => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, []);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
    case 1:
      return (a: A) => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, [a]);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm, a));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
    case 2:
      return (a: A, b: A) => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, [a, b]);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm, a, b));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
    case 3:
      return (a: A, b: A, c: A) => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, [a, b, c]);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm, a, b, c));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
    case 4:
      return (a: A, b: A, c: A, d: A) => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, [a, b, c, d]);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm, a, b, c, d));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
    case 5:
      return (a: A, b: A, c: A, d: A, e: A) => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, [a, b, c, d, e]);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm, a, b, c, d, e));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
    default:
      return (...values: A[]) => {
        try {
          if (vm.gate !== 0) return guarded(vm, module, name, call, values);
          vm.lastCall = name;
          return (vm.lastStatus = run(vm, ...values));
        } catch (error) {
          return vm.fault(name, error);
        }
      };
  }
}
