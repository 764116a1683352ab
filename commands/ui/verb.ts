/** The declaration of a verb: what the list of verbs says of it, and how the rest of it is loaded. */
import type { Command } from 'commander';
import type { Context } from './context.ts';

export interface Verb {
  readonly name: string;
  /** One line for the list in `wasme --help`; the verb's own help shows it too. */
  readonly summary: string;
  /**
   * A signal may end it at any moment: it starts no program that would outlive it, and writes its files atomically or not at all.
   * It starts without the thread of the signals.
   */
  readonly leavesNothing?: true;
  /** Loads the module that adds operands, flags and the action to an empty command. */
  readonly load: () => Promise<{
    /** `verbs` is the list of all verbs, for the verb that describes the others. */
    declare: (command: Command, context: Context, verbs: readonly Verb[]) => void;
  }>;
}
