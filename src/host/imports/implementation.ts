/** The shape of a host function, and of the comment that documents it. */
import type { HostFunctionName, RuntimeFunctionName } from '../../wasm/functions.ts';
import type { Vm } from '../vm/vm.ts';

/**
 * Takes numbers as the engine gives them: an i32 signed, an i64 as BigInt. Returns a status, or an errno for WASI.
 * Each function spells its parameters, hence `never` here.
 *
 * In a function's comment `In` says what the parameters hold, `Out` what is written where, `Returns` which status means what;
 * numbers in memory are little-endian. A block is memory that the guest's own allocator gives; when it gives none, the status
 * is InvalidMemoryAccess as for any address outside memory. test/architecture.test.ts checks these comments.
 */
export type HostImplementation = (vm: Vm, ...values: never[]) => number;

/** Every function that a module may import from `env`. */
export type EnvImplementations = Readonly<Record<HostFunctionName | RuntimeFunctionName, HostImplementation>>;

/** One family of them: a function that the ABI table does not have is a type error. */
export type HostImplementations = Partial<EnvImplementations>;

/** One family of functions that a module may import from either WASI module. */
export type WasiImplementations = Readonly<Record<string, HostImplementation>>;
