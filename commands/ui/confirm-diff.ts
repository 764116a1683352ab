/** Shows a change to objects that others also own before it is made, and asks the user on a terminal. */
import type { Context } from './context.ts';
import type { GlobalOptions } from './options.ts';
import { mayPrompt, promptsFor } from './prompts.ts';

/** Returns a function that prints the diff and asks; undefined without a terminal, or with --yes. */
export function confirmDiff(
  context: Context,
  options: Partial<GlobalOptions>,
): ((diff: string) => Promise<boolean>) | undefined {
  if (!mayPrompt(context, options)) return undefined;
  return async diff => {
    context.stderr.writeDocument(diff.endsWith('\n') ? diff : `${diff}\n`);
    const question = { message: 'Others own this too. Change it?', flag: '--yes' };
    return promptsFor(context, options).confirm(question, false);
  };
}
