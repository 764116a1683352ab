/** Shows other threads whether a guest runs in this one: a word with a serial number, and with how deep it is in the low bits. */

const serialStep = 16;
const depthMask = serialStep - 1;

// Plain writes, since only this thread writes: atomic ones take ten times as long, twice in each callback.

export function enterGuest(word: Int32Array): void {
  word[0] = (word[0] as number) + serialStep + 1;
}

export function leaveGuest(word: Int32Array): void {
  word[0] = (word[0] as number) + serialStep - 1;
}

/** Whether `value`, read from the word, was written inside of a guest. Two reads that give the same value saw the same call. */
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
