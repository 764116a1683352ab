/** The target `gloo` (Gloo Enterprise): the filter is added as an item to options.wasm of a Gateway that others own. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { configurationText, type DeployIntent, intentHash } from '../intent.ts';
import { type KubernetesDocument, applyDocuments } from '../kubernetes/apply.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import { checkLabels, checkNamespace } from '../kubernetes/names.ts';
import { type KubeObject, sharedAnnotation, sharedAnnotations, showObject } from '../kubernetes/objects.ts';
import { type ListEdit, ownershipOf, patched, putItem } from '../kubernetes/shared.ts';
import type { Plan, LiveTarget } from '../target.ts';
import { type GlooForm, type GlooObject, formsOf, glooForms, readForms } from './forms.ts';
import { type GlooOptions, filterStages, stagePredicates } from './options.ts';
import { glooFilters, glooStatus } from './status.ts';
import { undeployGloo } from './undeploy.ts';
import { type AnnotatedDocument, withReason, plain } from '../annotated-document.ts';

export interface GlooObservation {
  /** The selected objects of the cluster that serve HTTP; undefined when no cluster was asked. */
  readonly gateways: readonly GlooObject[] | undefined;
}

export const gloo: LiveTarget<GlooOptions, GlooObservation> = {
  name: 'gloo',
  accepts: ['image', 'proxy-file'],
  host: () => 'gloo@ee',
  withProject: (options, { gloo: project = {} }) => ({
    ...options,
    namespaces: options.namespaces ?? project.namespaces,
    labels: options.labels ?? project.labels,
  }),
  placement: ({ filterStage }) => ({ filterStage }),
  observe: observeGateways,
  plan: planGloo,
  // Shared objects are never superseded, so no kinds have to be looked through.
  apply: (plan, options, system) => applyDocuments(plan, [], options, system),
  diff: (plan, options, system) => diffPlan(plan, [], options, system),
  undeploy: undeployGloo,
  inquire: (options, system) => () => ({
    filters: () => glooFilters(options, system),
    status: request => glooStatus(request, options, system),
  }),
};

async function observeGateways(
  _intent: DeployIntent,
  options: GlooOptions,
  system: SystemContext,
): Promise<GlooObservation> {
  if (options.useCluster !== true) return { gateways: undefined };
  const labels = Object.entries(checkLabels(options.labels ?? {})).map(([key, value]) => `${key}=${value}`);
  const selector = labels.length === 0 ? undefined : labels.join(',');
  for (const namespace of options.namespaces ?? []) checkNamespace(namespace);
  const where = { namespaces: options.namespaces, selector };
  const found = await readForms(formsOf(options.kinds), where, options, system);
  const gateways = found.filter(({ form, object }) => form.isHttp(object));
  if (gateways.length > 0) return { gateways };
  throw new WasmeError('KUBE_NOT_FOUND', 'no HTTP Gateway of Gloo matches', {
    hint: 'check --namespaces, --labels and --kind with "kubectl get gateways.gateway.solo.io --all-namespaces --show-labels"',
  });
}

function planGloo(intent: DeployIntent, options: GlooOptions, { gateways }: GlooObservation): Plan {
  refuse(intent);
  const item = filterItem(intent, options);
  const warnings: string[] = [];
  if (intent.rootId === '') {
    warnings.push(
      'Gloo wants the root id of the module: without the right one the filter never runs (--root-id)',
    );
  }
  if (gateways === undefined) {
    warnings.push('this Gateway shows the new filter only; --apply adds it to those that the real ones have');
    return { documents: [exampleGateway(intent, options, item)], files: [], warnings };
  }
  const documents = gateways.map(({ form, object }) => {
    const edit: ListEdit = {
      list: form.list,
      id: intent.id,
      hash: intentHash(intent),
      item: plain(item) as Record<string, unknown>,
    };
    const next = patched(object, putItem(object, edit, options.forceConflicts === true));
    const content = partOf(next, object, form);
    return { name: showObject(object), content, resource: form.resource, edit } satisfies KubernetesDocument;
  });
  const shared = gateways.map(({ object }) => showObject(object));
  return { documents, files: [], warnings, shared };
}

function filterItem(
  intent: DeployIntent,
  options: GlooOptions,
): { readonly [key: string]: AnnotatedDocument } {
  return {
    name: withReason(intent.id, 'filters of one stage run in the order of their names (--id)'),
    ...code(intent),
    rootId:
      intent.rootId === ''
        ? undefined
        : withReason(intent.rootId, 'root context of the module (--root-id, rootId)'),
    config: configuration(intent),
    vmType: withReason('V8', 'the only runtime that Gloo still has'),
    failOpen:
      intent.failPolicy === undefined
        ? undefined
        : withReason(intent.failPolicy === 'open', `--fail-policy ${intent.failPolicy}`),
    filterStage: stage(options.filterStage),
  };
}

function code({ code: from }: DeployIntent): { readonly [key: string]: AnnotatedDocument } {
  if (from.from === 'proxy-file') {
    return { filePath: withReason(from.path, 'a file in the container of the gateway proxy') };
  }
  if (from.from !== 'image') return {};
  return {
    image:
      from.digest === undefined
        ? withReason(from.reference, '--no-digest: whatever the tag names when Gloo pulls')
        : withReason(
            `${from.reference}@${from.digest}`,
            'the tag is for people, the digest is what is pulled',
          ),
  };
}

function configuration({ configuration: config }: DeployIntent): AnnotatedDocument {
  if (config === undefined) return undefined;
  const text = configurationText(config);
  return text === undefined
    ? undefined
    : withReason(
        { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: text },
        'the filter reads exactly this text',
      );
}

function stage(text: string | undefined): AnnotatedDocument {
  if (text === undefined) return undefined;
  const [name = '', predicate = 'During'] = text.split(/[:/]/);
  const known = <T extends string>(values: readonly T[], word: string): T | undefined =>
    values.find(value => value.toLowerCase() === word.toLowerCase());
  const found = known(filterStages, name) ?? known(filterStages, `${name}Stage`);
  const where = known(stagePredicates, predicate);
  if (found === undefined || where === undefined) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} is not a filter stage of Gloo`, {
      hint: `one of ${filterStages.join(', ')}, with :During, :Before or :After`,
    });
  }
  return withReason({ stage: found, predicate: where }, '--filter-stage');
}

/** Returns an example of an object, which is printed when no cluster was read. */
function exampleGateway(
  intent: DeployIntent,
  options: GlooOptions,
  item: AnnotatedDocument,
): KubernetesDocument {
  const namespace = checkNamespace(options.namespaces?.[0] ?? 'gloo-system');
  const [form = glooForms.gateway] = formsOf(options.kinds);
  const { kind } = form.resource;
  const name = withReason(
    kind === 'Gateway' ? 'gateway-proxy' : 'http',
    kind === 'Gateway' ? "the name of Gloo's own HTTP gateway" : 'put the name of your own here',
  );
  return {
    name: `${kind}/${String(plain(name))}`,
    resource: form.resource,
    content: {
      apiVersion: 'gateway.solo.io/v1',
      kind,
      metadata: {
        name,
        namespace: withReason(namespace, 'where Gloo is installed (--namespaces)'),
        annotations: sharedAnnotations(ownershipOf({ [intent.id]: intentHash(intent) }, 0)),
      },
      ...nested(form.list, [item]),
    },
  };
}

/** The changed part of an object, as one would write it into a file: all filters of the list, nothing else of the spec. */
function partOf(next: KubeObject, before: KubeObject, { list }: GlooForm): AnnotatedDocument {
  const filters = list.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], next);
  const { name, namespace } = before.metadata;
  return {
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata: {
      name,
      namespace,
      annotations: { [sharedAnnotation]: next.metadata.annotations?.[sharedAnnotation] },
    },
    ...nested(list, filters as AnnotatedDocument),
  };
}

/** `value` below these keys. */
function nested(
  keys: readonly string[],
  value: AnnotatedDocument,
): { readonly [key: string]: AnnotatedDocument } {
  return keys.reduceRight<AnnotatedDocument>((inner, key) => ({ [key]: inner }), value) as {
    readonly [key: string]: AnnotatedDocument;
  };
}

function refuse(intent: DeployIntent): void {
  const rows: readonly (readonly [boolean, string, string])[] = [
    [intent.kind !== 'http', `a ${intent.kind} filter`, 'Gloo runs HTTP filters'],
    [intent.code.from === 'http', 'a module from a URL', 'push it as an image'],
    [intent.failPolicy === 'reload', '--fail-policy reload', 'open and closed are there'],
    [Object.keys(intent.env).length + intent.hostEnv.length > 0, 'environment variables', 'use --config'],
    [intent.vmConfiguration !== undefined, '--vm-config', 'use --config'],
    [
      intent.configuration?.form === 'bytes',
      'a configuration that is not text',
      'encode it, as base64 for example',
    ],
    [intent.allowedCapabilities !== undefined, '--allow-capabilities', 'leave it out'],
    [intent.allowOnHeadersStopIteration !== undefined, '--allow-on-headers-stop-iteration', 'leave it out'],
    [intent.runtime !== 'v8', `--runtime ${intent.runtime}`, 'it runs V8'],
  ];
  const row = rows.find(([asked]) => asked);
  if (row === undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', `Gloo has no field for ${row[1]}`, { hint: row[2] });
}
