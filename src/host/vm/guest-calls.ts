/**
 * Shows other threads if a guest runs in this one: a word with a serial number and, in the low bits, the depth of calls.
 */

const serialStep = 16;
const depthMask = serialStep - 1;

// Plain writes, since only this thread writes: atomic ones take ten times as long, twice in each callback.

export function enterGuest(word: Int32Array): void {
  word[0] = (word[0] as number) + serialStep + 1;
}

export function leaveGuest(word: Int32Array): void {
  word[0] = (word[0] as number) + serialStep - 1;
}

/**
 * Returns true when `value`, read from the word, was written while a guest ran. Two equal values belong to the same call.
 */
export function isInGuest(value: number): boolean {
  return (value & depthMask) !== 0;
}

/** A callback that runs, as a report about a guest that never returns shows it. */
export interface RunningCallback {
  /** `proxy_on_request_headers`. */
  readonly name: string;
  /** The prefix of the messages that the callback's context logs. */
  readonly logPrefix: string;
  /** Bytes by which the engine's offsets lie behind those of the built file. */
  readonly offsetShift: number;
}

/**
 * Gives a debugger the `RunningCallback`: evaluated in the frame of `Vm.invoke`, the one that called the guest, where `this`
 * is the machine. It names the only method of the host that is found by its text.
 */
export const runningCallbackExpression = 'this.runningCallback()';
