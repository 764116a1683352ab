/** Takes a filter out of a person's Envoy file. */
import { WasmeError } from '../../errors.ts';
import { readText } from '../../io/files.ts';
import type { UndeployRequest, Undeployment } from '../target.ts';
import { removeFromFile } from './edit.ts';
import type { EnvoyOptions } from './options.ts';

/** Fails with USAGE without a file, DEPLOY_FILE when it cannot be read, DEPLOY_NOT_FOUND when the filter is not in it. */
export async function undeployEnvoy(
  { id }: UndeployRequest,
  { in: path, listener }: EnvoyOptions,
): Promise<Undeployment> {
  if (path === undefined) {
    throw new WasmeError('USAGE', 'it is not said which file the filter should be taken out of', {
      hint: 'name it: wasme undeploy envoy --in envoy.yaml -o envoy.yaml',
    });
  }
  const { text, removed } = removeFromFile(await readText(path), id, { path, listener });
  if (removed === 0) {
    throw new WasmeError('DEPLOY_NOT_FOUND', `${path} has no filter named "${id}"`, {
      hint: 'name it with --id as its configuration does under config.name',
    });
  }
  return { changed: [{ name: path, result: 'restored' }], text };
}
