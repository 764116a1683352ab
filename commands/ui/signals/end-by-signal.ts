/** The end of the process by SIGINT, as if it had no handler: without waiting for anything. */
import { runInThisContext } from 'node:vm';

export function endBySignal(): void {
  // When a script that Ctrl-C may break ends, Node puts its own handler of SIGINT in place, which resets the terminal and
  // ends the process by that signal.
  runInThisContext('0', { breakOnSigint: true });
  process.kill(process.pid, 'SIGINT');
}
