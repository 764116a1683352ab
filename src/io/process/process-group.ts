/** A program and all that it has started, ended together: they share a process group. Not on Windows, which has none. */
import { kill } from 'node:process';
import { isSystemError } from '../files/file-errors.ts';

/** Time that a program, or the members of a group, have to end in good order. */
export const graceMs = 2_000;

/**
 * Ends the group that the process `leader` leads when `signal` aborts: politely, and after `graceMs` by force. Gives
 * what to call when the leader has ended: members that outlived it after an interrupt are ended then.
 */
export function endGroupOn(signal: AbortSignal, leader: number | undefined): () => void {
  if (leader === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    signalGroup(leader, 'SIGTERM');
    // A process that inherited the output hides the end of the leader; this limits the wait.
    timer = setTimeout(() => signalGroup(leader, 'SIGKILL'), graceMs);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return () => {
    signal.removeEventListener('abort', end);
    clearTimeout(timer);
    if (signal.aborted) signalGroup(leader, 'SIGKILL');
  };
}

function signalGroup(leader: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    kill(-leader, name);
  } catch (error) {
    // Gone already.
    if (!isSystemError(error)) throw error;
  }
}
