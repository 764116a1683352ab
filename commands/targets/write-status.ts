/** Prints the status of a filter, in the same form for every target. An unhealthy one is exit code 1. */
import type { Command } from 'commander';
import type { StatusResult } from '../../src/status.ts';
import { colorsFor } from '../ui/colors.ts';
import type { Context } from '../ui/context.ts';
import { globalOptions } from '../ui/options.ts';
import { table, writeResult } from '../ui/result.ts';

/** `command` is the sub-command of a target: the program is its grandparent. */
export function writeStatus(context: Context, command: Command, result: StatusResult): void {
  const { json, color } = globalOptions(command);
  writeResult(context, json, result, ({ rows }) => {
    if (rows.length === 0) return 'no filter is there';
    const colors = colorsFor(context.stdout, context, color);
    const text = table([
      ['WHERE', 'FILTER', 'STATE', 'DIGEST', 'EXPECTED', 'RESTARTS', 'DETAIL'],
      ...rows.map(row => [
        row.where,
        row.filter,
        row.state,
        short(row.digest),
        short(row.expected),
        String(row.restarts),
        row.detail.replace(/\s*\n\s*/g, '; '),
      ]),
    ]);
    const [head = '', ...lines] = text.trimEnd().split('\n');
    const painted = lines.flatMap((line, index) => [
      '\n',
      rows[index]?.state === 'loaded' ? line : colors.red(line),
    ]);
    return [colors.bold(head), ...painted];
  });
  if (!result.healthy) command.parent?.parent?.setOptionValue('exitCode', 1);
}

function short(digest: string | undefined): string {
  return digest === undefined ? '-' : digest.replace('sha256:', '').slice(0, 12);
}
