/** The shape of a host function. */
import type { Vm } from '../vm/vm.ts';

/**
 * Numbers come as the engine gives them: i32 signed, i64 as BigInt. The result is a status (an errno for WASI).
 * The parameters are spelled by each function, hence `never` here.
 */
export type HostImplementation = (vm: Vm, ...values: never[]) => number;

export type HostImplementations = Readonly<Record<string, HostImplementation>>;
