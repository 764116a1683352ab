/** Timers for delays that come from outside: those of Node end after one millisecond when the delay exceeds 2^31 − 1 ms. */

const longestMs = 2 ** 31 - 1;

/** Calls back once, after `delayMs`, however long that is. Returns the function that cancels it. */
export function startTimer(delayMs: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    timer =
      leftMs <= longestMs
        ? setTimeout(callback, leftMs)
        : setTimeout(() => wait(leftMs - longestMs), longestMs);
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}
