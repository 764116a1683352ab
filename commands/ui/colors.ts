/** Whether and how to colour. The only importer of chalk. */
import { Chalk, type ChalkInstance } from 'chalk';
import type { Context, OutputStream } from './context.ts';

export type When = 'auto' | 'always' | 'never';

/** Colours for one stream: --color first, then NO_COLOR, FORCE_COLOR, then whether it is a terminal. */
export function colorsFor(stream: OutputStream, context: Context, when: When = 'auto'): ChalkInstance {
  return new Chalk({ level: wantsColor(stream, context, when) ? 1 : 0 });
}

function wantsColor(stream: OutputStream, { env }: Context, when: When): boolean {
  if (when !== 'auto') return when === 'always';
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
