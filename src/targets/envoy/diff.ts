/** What deploying would change in a file, as a unified diff. */
import { WasmeError } from '../../errors.ts';
import { exists, readText } from '../../io/files.ts';
import type { Plan } from '../target.ts';
import { renderYaml } from '../yaml.ts';
import type { EnvoyOptions } from './options.ts';

/** Empty when nothing would change; a file that is not there counts as empty. Fails with USAGE without a file. */
export async function diffEnvoy(plan: Plan, { compareWith: path }: EnvoyOptions): Promise<string> {
  if (path === undefined) {
    throw new WasmeError('USAGE', 'it is not said which file --diff should compare with', {
      hint: 'name it with --in or -o',
    });
  }
  const before = (await exists(path)) ? await readText(path) : '';
  const after = plan.text ?? renderYaml(plan.documents.map(({ content }) => content));
  if (before === after) return '';
  const { createTwoFilesPatch } = await import('diff');
  return createTwoFilesPatch(path, `${path} (planned)`, before, after, undefined, undefined, {
    context: 3,
  }).replace(/^=+\n/, '');
}
