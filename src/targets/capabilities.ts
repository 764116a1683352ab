/** The functions that `--allow-capabilities` leaves to a module: as listed, or those that it uses. */
import { WasmeError } from '../errors.ts';
import { guestCallbacks, guestEntries } from '../wasm/callbacks.ts';
import { hostFunctions, wasiFunctions } from '../wasm/functions.ts';
import type { ModuleSummary } from './intent.ts';

/** Fails with DEPLOY_UNSUPPORTED for `auto` without a module, with USAGE for a name that no host knows. */
export async function allowedCapabilities(
  asked: 'auto' | readonly string[] | undefined,
  module: ModuleSummary | undefined,
): Promise<readonly string[] | undefined> {
  if (asked === 'auto') {
    if (module !== undefined) return [...new Set([...module.hostFunctions, ...module.callbacks])].sort();
    throw new WasmeError('DEPLOY_UNSUPPORTED', '--allow-capabilities auto needs the module itself', {
      hint: 'name the functions, or deploy from a file or an image that can be pulled',
    });
  }
  const known = new Set([
    ...hostFunctions.keys(),
    ...wasiFunctions.keys(),
    ...guestCallbacks.map(({ name }) => name),
    ...guestEntries.keys(),
  ]);
  const wrong = asked?.find(name => !known.has(name));
  if (wrong === undefined) return asked;
  // The proxy would take it, and the function that was meant would be refused.
  const { didYouMean } = await import('../project/suggest.ts');
  throw new WasmeError(
    'USAGE',
    `--allow-capabilities: no host has a function "${wrong}"${didYouMean(wrong, [...known, 'auto'])}`,
    {
      hint: 'name functions as the module imports and exports them (wasme inspect --json lists them), or write auto',
      details: { name: wrong },
    },
  );
}
