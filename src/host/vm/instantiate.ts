/** Makes an instance of a guest, whose start function may run for as long as any callback. */
import type { CompiledFilter } from './compile.ts';
import { enterGuest, leaveGuest } from './guest-calls.ts';
import { instanceError } from './traps.ts';

/** What is to know of a virtual machine for that. */
interface Machine {
  readonly compiled: CompiledFilter;
  readonly services: { readonly guestCalls: Int32Array };
  /** What a host function that was called meanwhile has failed with. */
  readonly failure: string | undefined;
}

/** Does not block a page's main thread. Fails with WASM_ABI or WASM_START. */
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

/** The same at once. */
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
