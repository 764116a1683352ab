/** Makes traps, and describes them and other failures of guests. */
import { WasmeError } from '../../errors.ts';
import { maxBacktraceFrames } from '../limits.ts';

/** A module whose one function traps: a JS exception could be caught by the guest, a trap cannot. */
const stopModule = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 115, 0, 0, 10, 5, 1, 3, 0, 0, 11,
]);
let stopFunction: (() => void) | undefined;

/** Makes the trapping module. Called early: when the stack overflows there may be no room for it. */
export function prepareTrap(): void {
  // The engine notes ten frames by itself; the panic machinery of a language alone may be as many.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, maxBacktraceFrames);
  stopFunction ??= new WebAssembly.Instance(new WebAssembly.Module(stopModule)).exports['s'] as () => void;
}

export function trapNow(): void {
  stopFunction?.();
}

/** Describes a trap in the words of Envoy's engine. */
export function describeTrap(error: unknown): string {
  if (error instanceof WebAssembly.RuntimeError) return `Uncaught RuntimeError: ${error.message}`;
  if (error instanceof RangeError) return `Uncaught RangeError: ${error.message}`;
  if (error instanceof WebAssembly.Exception) return 'Uncaught WebAssembly.Exception';
  return `Uncaught ${String(error)}`;
}

/** Describes an error that a host function threw, as the reason to end the guest call. */
export function describeFault(name: string, error: unknown): string {
  if (error instanceof RangeError && /call stack/.test(error.message)) return 'stack overflow';
  if (error instanceof WasmeError && error.code === 'WASM_TRAP') return error.message;
  return `internal host error in ${name}: ${String(error)}`;
}

/** Makes the error WASM_START of an instance that failed, from the guest's failure or the engine's error. */
export function instanceError(failure: string | undefined, error: unknown): WasmeError {
  if (error instanceof WasmeError) return error;
  const reason = failure ?? (error instanceof Error ? error.message : String(error));
  return new WasmeError('WASM_START', `Failed to create new Wasm instance: ${reason}`, {
    hint:
      error instanceof WebAssembly.RuntimeError
        ? 'the start section or the data of the module trapped before any of its exports was called'
        : 'the engine could not make what the module imports or defines: lower its memory and its tables',
    cause: error,
  });
}

/** Makes the error WASM_START of an entry point that trapped. */
export function startError(failure: string | undefined): WasmeError {
  return new WasmeError('WASM_START', `Failed to initialize Wasm code: ${failure ?? 'the guest trapped'}`, {
    hint: 'the module trapped while it started (_initialize, main or _start); its own log lines are above',
  });
}
