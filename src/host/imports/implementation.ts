/** The shape of a host function. */
import type { HostFunctionName, RuntimeFunctionName } from '../../wasm/functions.ts';
import type { Vm } from '../vm/vm.ts';

/**
 * Numbers come as the engine gives them: i32 signed, i64 as BigInt. The result is a status (an errno for WASI).
 * The parameters are spelled by each function, hence `never` here.
 */
export type HostImplementation = (vm: Vm, ...values: never[]) => number;

/** Every function that a module may import from `env`. */
export type EnvImplementations = Readonly<Record<HostFunctionName | RuntimeFunctionName, HostImplementation>>;

/** One family of them: a function that the ABI table does not have is a type error. */
export type HostImplementations = Partial<EnvImplementations>;
