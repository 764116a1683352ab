/** Decides whether output is coloured, and colours it. The only importer of chalk. */
import { Chalk } from 'chalk';
import type { Context } from './context.ts';
import { type OutputStream, Painted } from './output-stream.ts';

export type When = 'auto' | 'always' | 'never';

export type Color = 'bold' | 'cyan' | 'dim' | 'plain' | 'red' | 'redBold' | 'yellow';

/** Each returns its text with the colour beside it; only `OutputStream.write` joins the two. */
export type Colors = Readonly<Record<Color, (text: string) => Painted>>;

/** Colours for one stream: --color first, then NO_COLOR, FORCE_COLOR, then whether it is a terminal. */
export function colorsFor(stream: OutputStream, context: Context, when: When = 'auto'): Colors {
  const chalk = new Chalk({ level: wantsColor(stream, context, when) ? 1 : 0 });
  const color = (paint: (text: string) => string) => (text: string) => new Painted(text, paint);
  return {
    bold: color(chalk.bold),
    cyan: color(chalk.cyan),
    dim: color(chalk.dim),
    plain: color(text => text),
    red: color(chalk.red),
    redBold: color(chalk.red.bold),
    yellow: color(chalk.yellow),
  };
}

function wantsColor(stream: OutputStream, { env }: Context, when: When): boolean {
  if (when !== 'auto') return when === 'always';
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY && env['TERM'] !== 'dumb';
}
