/** Shows other threads whether a guest runs in this one: a word with a serial number, and with how deep it is in the low bits. */

const serialStep = 16;
const depthMask = serialStep - 1;

export function enterGuest(word: Int32Array): void {
  Atomics.add(word, 0, serialStep + 1);
}

export function leaveGuest(word: Int32Array): void {
  Atomics.add(word, 0, serialStep - 1);
}

/** Whether `value`, read from the word, was written inside of a guest. Two reads that give the same value saw the same call. */
export function isInGuest(value: number): boolean {
  return (value & depthMask) !== 0;
}
