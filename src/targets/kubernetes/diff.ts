/** Compares a plan with the cluster: a unified diff of YAML, from a dry run on the server. */
import type { SystemContext } from '../../io/system-context.ts';
import { kubectl } from '../../io/process/kubectl.ts';
import type { Plan } from '../target.ts';
import type { AnnotatedDocument } from '../annotated-document.ts';
import { renderYaml } from '../yaml.ts';
import {
  type KubernetesDocument,
  applyArgs,
  current,
  kubernetesDocuments,
  objectOf,
  sentAs,
  superseded,
} from './apply.ts';
import { type KubeObject, type KubernetesOptions, showObject } from './objects.ts';
import { type Resource, parseObject } from './parse-answer.ts';
import { patched, putItem } from './shared.ts';

/** Empty when nothing would change. `resources` are the target's kinds. Fails with KUBE_* codes, as applying would. */
export async function diffPlan(
  plan: Plan,
  resources: readonly Resource[],
  options: KubernetesOptions,
  system: SystemContext,
): Promise<string> {
  const documents = kubernetesDocuments(plan);
  const before = await current(documents, options, system);
  const parts: string[] = [];
  for (const [index, document] of documents.entries()) {
    const old = before[index];
    const next = await outcome(document, old, options, system);
    parts.push(await unifiedDiff(showObject(objectOf(document)), old, next));
  }
  for (const { object } of await superseded(documents, resources, options, system)) {
    parts.push(await unifiedDiff(showObject(object), object, undefined));
  }
  return parts.join('');
}

/** Both sides without what the server keeps for itself; empty when they are equal. */
export async function unifiedDiff(
  name: string,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
): Promise<string> {
  const [old, next] = [before, after].map(object =>
    object === undefined ? '' : renderYaml([essence(object)]),
  );
  if (old === next) return '';
  // Seldom asked for, and no small library.
  const { createTwoFilesPatch } = await import('diff');
  return createTwoFilesPatch(
    `in the cluster ${name}`,
    `planned ${name}`,
    old ?? '',
    next ?? '',
    undefined,
    undefined,
    {
      context: 3,
    },
  ).replace(/^=+\n/, '');
}

async function outcome(
  document: KubernetesDocument,
  old: KubeObject | undefined,
  options: KubernetesOptions,
  system: SystemContext,
): Promise<KubeObject> {
  if (document.edit !== undefined && old !== undefined) {
    return patched(old, putItem(old, document.edit, options.forceConflicts === true));
  }
  const args = applyArgs(options, true);
  const text = await kubectl(args, options, system, { input: sentAs(document) });
  return parseObject(text, document.resource, objectOf(document).metadata.name, args);
}

function essence({ apiVersion, kind, metadata, spec }: KubeObject): AnnotatedDocument {
  const { name, namespace, labels, annotations } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec: sorted(spec) };
}

/** Sorts keys as the server does, so that another order of the same fields is not a change. */
function sorted(value: unknown): AnnotatedDocument {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value as AnnotatedDocument;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
