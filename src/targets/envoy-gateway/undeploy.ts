/** Takes a filter out of the policy that holds it. */
import type { SystemContext } from '../../io/system-context.ts';
import { type KubernetesDocument, applyDocuments, deleteObject } from '../kubernetes/apply.ts';
import { unifiedDiff } from '../kubernetes/diff.ts';
import { type KubeObject, isOurs, sharedAnnotation, showObject } from '../kubernetes/objects.ts';
import { listObjects } from '../kubernetes/read.ts';
import { ownershipOf, sharedHashes, sharedIds } from '../kubernetes/shared.ts';
import { nothingToRemove, removeShared } from '../kubernetes/undeploy.ts';
import type { AppliedObject, UndeployRequest, Undeployment } from '../target.ts';
import { type AnnotatedDocument, plain } from '../annotated-document.ts';
import type { EnvoyGatewayOptions } from './options.ts';
import { extensionPolicies, filtersOf, policyFilters } from './policies.ts';

/** Deletes a policy that wasme created with its last filter; removes only the filter from a policy of another tool. */
export async function undeployPolicy(
  request: UndeployRequest,
  options: EnvoyGatewayOptions,
  system: SystemContext,
): Promise<Undeployment> {
  const namespace = options.namespace ?? 'default';
  const policies = await listObjects(extensionPolicies, { namespace }, options, system);
  const holder = policies.find(policy => sharedIds(policy).includes(request.id));
  if (holder === undefined) throw nothingToRemove(request.id, namespace);
  if (!isOurs(holder)) {
    return removeShared(extensionPolicies, policyFilters, request, [namespace], options, system);
  }
  const rest = filtersOf(holder).filter(({ name }) => name !== request.id);
  const document = rest.length === 0 ? undefined : withoutFilter(holder, request.id, rest);
  const diff = await unifiedDiff(
    showObject(holder),
    holder,
    document === undefined ? undefined : (plain(document.content) as KubeObject),
  );
  const changed: AppliedObject[] = [];
  if (document === undefined) {
    if (!request.dryRun) await deleteObject(extensionPolicies, holder, options, system);
    changed.push({ name: showObject(holder), result: 'deleted' });
  } else {
    const plan = { documents: [document], files: [], warnings: [] };
    const dryRun = request.dryRun || options.dryRun === true;
    await applyDocuments(plan, [extensionPolicies], { ...options, dryRun }, system);
    changed.push({ name: showObject(holder), result: 'restored' });
  }
  return { changed, diff };
}

function withoutFilter(
  { apiVersion, kind, metadata, spec }: KubeObject,
  id: string,
  rest: readonly Readonly<Record<string, unknown>>[],
): KubernetesDocument {
  const hashes = Object.fromEntries(
    Object.entries(sharedHashes({ apiVersion, kind, metadata })).filter(([other]) => other !== id),
  );
  const { name, namespace, labels } = metadata;
  return {
    name: `EnvoyExtensionPolicy/${name}`,
    resource: extensionPolicies,
    basedOn: metadata.resourceVersion,
    content: {
      apiVersion,
      kind,
      metadata: { name, namespace, labels, annotations: { [sharedAnnotation]: ownershipOf(hashes, 0) } },
      spec: {
        ...(spec as { readonly [key: string]: AnnotatedDocument }),
        wasm: rest as readonly unknown[] as AnnotatedDocument,
      },
    },
  };
}
