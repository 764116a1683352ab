/** Returns the changes that a deployment makes in files, as a unified diff. */
import { WasmeError } from '../../errors.ts';
import { exists, readText } from '../../io/files/files.ts';
import type { Plan } from '../target.ts';
import { renderYaml } from '../yaml.ts';
import type { EnvoyOptions } from './options.ts';

/** Empty when nothing would change; a file that is not there counts as empty. Fails with USAGE without a file. */
export async function diffEnvoy(plan: Plan, { compareWith }: EnvoyOptions): Promise<string> {
  const text = plan.text ?? renderYaml(plan.documents.map(({ content }) => content));
  const files = [
    ...plan.files.map(({ path, data }) => ({ path, after: Buffer.from(data).toString() })),
    ...(compareWith === undefined ? [] : [{ path: compareWith, after: text }]),
  ];
  if (files.length === 0) {
    throw new WasmeError('USAGE', 'no file for --diff to compare with was named', {
      hint: 'name it with --in or -o, or its folder with --dynamic',
    });
  }
  const parts: string[] = [];
  for (const { path, after } of files) parts.push(await fileDiff(path, after));
  return parts.join('');
}

async function fileDiff(path: string, after: string): Promise<string> {
  const before = (await exists(path)) ? await readText(path) : '';
  if (before === after) return '';
  const { createTwoFilesPatch } = await import('diff');
  return createTwoFilesPatch(path, `${path} (planned)`, before, after, undefined, undefined, {
    context: 3,
  }).replace(/^=+\n/, '');
}
