/** A change that touches what others own is shown before it is made; somebody at a terminal is asked. */
import type { Context } from './context.ts';
import type { GlobalOptions } from './options.ts';
import { mayPrompt, promptsFor } from './prompts.ts';

/** Asks with the diff above the question; undefined where nobody can be asked, or --yes has answered. */
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
