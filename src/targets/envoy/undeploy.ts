/** Takes a filter out of the user's Envoy file, or out of the folder that a running Envoy watches. */
import { rm } from 'node:fs/promises';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import type { AppliedObject, UndeployRequest, Undeployment } from '../target.ts';
import { removeFromFile } from './edit/edit.ts';
import { readEnvoyFile } from './edit/envoy-file.ts';
import { filesOf } from './folder.ts';
import type { EnvoyOptions } from './options.ts';

/**
 * Fails with USAGE without a file or folder, DEPLOY_FILE when it cannot be read, DEPLOY_NOT_FOUND when the filter is not
 * in it; nothing is changed then.
 */
export async function undeployEnvoy(
  { id, dryRun }: UndeployRequest,
  { in: path, inName, listener, dynamic }: EnvoyOptions,
  { reporter }: SystemContext,
): Promise<Undeployment> {
  if (path === undefined && dynamic === undefined) {
    throw new WasmeError('USAGE', 'no file or folder to remove the filter from was named', {
      hint: 'name the file: wasme undeploy envoy --in envoy.yaml -o envoy.yaml; or the folder of --dynamic',
    });
  }
  const edited = path === undefined ? undefined : await withoutFilter(path, inName ?? path, id, listener);
  const files = dynamic === undefined ? [] : await filesOf(dynamic, id);
  if (!dryRun) for (const file of files) await rm(file, { force: true });
  if (files.length > 0) {
    reporter.warn(`an Envoy that runs with this folder keeps ${id} until it is restarted without it`);
  }
  const changed: AppliedObject[] = files.map(name => ({ name, result: 'deleted' }));
  return path === undefined
    ? { changed }
    : {
        changed: [{ name: inName ?? path, result: 'restored' }, ...changed],
        ...(edited === undefined ? {} : { text: edited }),
      };
}

async function withoutFilter(
  path: string,
  name: string,
  id: string,
  listener: string | undefined,
): Promise<string> {
  const source = await readEnvoyFile(path, name);
  const { text, removed } = removeFromFile(source, id, { path: name, listener });
  if (removed > 0) return text;
  throw new WasmeError('DEPLOY_NOT_FOUND', `${name} has no filter named "${id}"`, {
    hint: 'name it with --id as its configuration does under config.name',
  });
}
