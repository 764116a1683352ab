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
