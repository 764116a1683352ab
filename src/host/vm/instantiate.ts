/** Makes an instance of a guest, whose start function may run for as long as any callback. */
import type { CompiledFilter } from './compile.ts';
import { enterGuest, leaveGuest } from './guest-calls.ts';
import { instanceError } from './traps.ts';

/** The parts of a virtual machine that instantiating uses. */
interface Machine {
  readonly compiled: CompiledFilter;
  readonly services: { readonly guestCalls: Int32Array };
  /** Why a host function that the guest called meanwhile has failed. */
  readonly failure: string | undefined;
}

/** Instantiates without blocking a page's main thread. Fails with WASM_ABI or WASM_START. */
export async function instantiate(
  machine: Machine,
  imports: WebAssembly.Imports,
): Promise<WebAssembly.Instance> {
  enterGuest(machine.services.guestCalls);
  try {
    return await WebAssembly.instantiate(machine.compiled.module, imports);
  } catch (error) {
    throw instanceError(machine.failure, error);
  } finally {
    leaveGuest(machine.services.guestCalls);
  }
}

/** Instantiates synchronously. Fails with WASM_ABI or WASM_START. */
export function instantiateNow(machine: Machine, imports: WebAssembly.Imports): WebAssembly.Instance {
  enterGuest(machine.services.guestCalls);
  try {
    return new WebAssembly.Instance(machine.compiled.module, imports);
  } catch (error) {
    throw instanceError(machine.failure, error);
  } finally {
    leaveGuest(machine.services.guestCalls);
  }
}
