/** Takes a filter out of every object of Gloo that has it. */
import type { SystemContext } from '../../io/system-context.ts';
import { sharedIds } from '../kubernetes/shared.ts';
import { nothingToRemove, removeShared } from '../kubernetes/undeploy.ts';
import type { UndeployRequest, Undeployment } from '../target.ts';
import { formsOf, readForms } from './forms.ts';
import type { GlooOptions } from './options.ts';

/** Only our item goes. Fails with KUBE_NOT_FOUND when none has it. */
export async function undeployGloo(
  request: UndeployRequest,
  options: GlooOptions,
  system: SystemContext,
): Promise<Undeployment> {
  const { namespaces } = options;
  const objects = await readForms(formsOf(options.kinds, true), { namespaces }, options, system);
  const forms = new Set(
    objects.filter(({ object }) => sharedIds(object).includes(request.id)).map(({ form }) => form),
  );
  if (forms.size === 0) throw nothingToRemove(request.id, namespaces?.join(', '));
  const done: Undeployment[] = [];
  for (const { resource, list } of forms) {
    done.push(await removeShared(resource, list, request, namespaces, options, system));
  }
  return {
    changed: done.flatMap(({ changed }) => changed),
    diff: done.map(({ diff = '' }) => diff).join(''),
  };
}
