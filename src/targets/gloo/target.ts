/** Gloo (Enterprise): a filter is an item in options.wasm of a Gateway that somebody else owns, so it is put in, not applied. */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { configurationText, type DeployIntent, intentHash } from '../intent.ts';
import { type KubernetesDocument, applyDocuments } from '../kubernetes/apply.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import { checkLabels, checkNamespace } from '../kubernetes/names.ts';
import {
  type KubeObject,
  type KubernetesOptions,
  sharedAnnotation,
  sharedAnnotations,
  showObject,
} from '../kubernetes/objects.ts';
import { type Resource, listObjects } from '../kubernetes/read.ts';
import { removeShared } from '../kubernetes/undeploy.ts';
import { type ListEdit, ownershipOf, patched, putItem } from '../kubernetes/shared.ts';
import type { Plan, Target } from '../target.ts';
import { glooStatus } from './status.ts';
import { type Tree, because, plain } from '../tree.ts';

export const filterStages = [
  'FaultStage',
  'CorsStage',
  'WafStage',
  'AuthNStage',
  'AuthZStage',
  'RateLimitStage',
  'AcceptedStage',
  'OutAuthStage',
  'RouteStage',
] as const;
export const stagePredicates = ['During', 'Before', 'After'] as const;

export interface GlooOptions extends Omit<KubernetesOptions, 'namespace'> {
  /** Namespaces whose Gateways get the filter; absent: all. */
  readonly namespaces?: readonly string[] | undefined;
  /** Only Gateways with these labels. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `AuthNStage`, `AuthNStage:Before`; absent: Gloo's default, after everything else. */
  readonly filterStage?: string | undefined;
}

export interface GlooFacts {
  /** The selected HTTP Gateways of the cluster; undefined when no cluster was asked. */
  readonly gateways: readonly KubeObject[] | undefined;
}

export const glooGateways: Resource = { kind: 'Gateway', resource: 'gateways.gateway.solo.io' };
/** Where the list of filters is in a Gateway. */
export const glooFilters = ['spec', 'httpGateway', 'options', 'wasm', 'filters'] as const;

export const gloo: Target<GlooOptions, GlooFacts> = {
  name: 'gloo',
  accepts: ['image', 'proxy-file'],
  host: () => 'gloo@ee',
  withProject: (options, { gloo: project = {} }) => ({
    ...options,
    namespaces: options.namespaces ?? project.namespaces,
    labels: options.labels ?? project.labels,
  }),
  observe: observeGateways,
  plan: planGloo,
  apply: (plan, options, edges) => applyDocuments(plan, [glooGateways], options, edges),
  diff: diffPlan,
  undeploy: (request, options, edges) =>
    removeShared(glooGateways, glooFilters, request, options.namespaces, options, edges),
  status: (request, options, edges) =>
    glooStatus(glooGateways, glooFilters, request, options.namespaces, options, edges),
};

async function observeGateways(
  _intent: DeployIntent,
  options: GlooOptions,
  edges: Edges,
): Promise<GlooFacts> {
  if (options.useCluster !== true) return { gateways: undefined };
  const labels = Object.entries(checkLabels(options.labels ?? {})).map(([key, value]) => `${key}=${value}`);
  const selector = labels.length === 0 ? undefined : labels.join(',');
  const found: KubeObject[] = [];
  for (const namespace of options.namespaces ?? [undefined]) {
    if (namespace !== undefined) checkNamespace(namespace);
    found.push(...(await listObjects(glooGateways, { namespace, selector }, options, edges)));
  }
  const gateways = found.filter(({ spec }) => spec?.['httpGateway'] !== undefined);
  if (gateways.length > 0) return { gateways };
  throw new WasmeError('KUBE_NOT_FOUND', 'no HTTP Gateway of Gloo matches', {
    hint: 'check --namespaces and --labels with "kubectl get gateways.gateway.solo.io --all-namespaces --show-labels"',
  });
}

function planGloo(intent: DeployIntent, options: GlooOptions, { gateways }: GlooFacts): Plan {
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
  const edit: ListEdit = {
    list: glooFilters,
    id: intent.id,
    hash: intentHash(intent),
    item: plain(item) as Record<string, unknown>,
  };
  const documents = gateways.map(gateway => {
    const next = patched(gateway, putItem(gateway, edit, options.forceConflicts === true));
    const content = partOf(next, gateway);
    return { name: showObject(gateway), content, resource: glooGateways, edit } satisfies KubernetesDocument;
  });
  return { documents, files: [], warnings, shared: gateways.map(showObject) };
}

function filterItem(intent: DeployIntent, options: GlooOptions): { readonly [key: string]: Tree } {
  return {
    name: because(intent.id, 'filters of one stage run in the order of their names (--id)'),
    ...code(intent),
    rootId:
      intent.rootId === ''
        ? undefined
        : because(intent.rootId, 'root context of the module (--root-id, rootId)'),
    config: configuration(intent),
    vmType: because('V8', 'the only runtime that Gloo still has'),
    failOpen:
      intent.failPolicy === undefined
        ? undefined
        : because(intent.failPolicy === 'open', `--fail-policy ${intent.failPolicy}`),
    filterStage: stage(options.filterStage),
  };
}

function code({ code: from }: DeployIntent): { readonly [key: string]: Tree } {
  if (from.from === 'proxy-file') {
    return { filePath: because(from.path, 'a file in the container of the gateway proxy') };
  }
  if (from.from !== 'image') return {};
  return {
    image:
      from.digest === undefined
        ? because(from.reference, '--no-digest: whatever the tag names when Gloo pulls')
        : because(`${from.reference}@${from.digest}`, 'the tag is for people, the digest is what is pulled'),
  };
}

function configuration({ configuration: config }: DeployIntent): Tree {
  if (config === undefined) return undefined;
  const text = configurationText(config);
  return text === undefined
    ? undefined
    : because(
        { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: text },
        'the filter reads exactly this text',
      );
}

function stage(text: string | undefined): Tree {
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
  return because({ stage: found, predicate: where }, '--filter-stage');
}

/** Gateway as a stranger's cluster has it after installation: what is printed when no cluster was asked. */
function exampleGateway(intent: DeployIntent, options: GlooOptions, item: Tree): KubernetesDocument {
  const namespace = checkNamespace(options.namespaces?.[0] ?? 'gloo-system');
  return {
    name: 'Gateway/gateway-proxy',
    resource: glooGateways,
    content: {
      apiVersion: 'gateway.solo.io/v1',
      kind: 'Gateway',
      metadata: {
        name: because('gateway-proxy', "the name of Gloo's own HTTP gateway"),
        namespace: because(namespace, 'where Gloo is installed (--namespaces)'),
        annotations: sharedAnnotations(ownershipOf({ [intent.id]: intentHash(intent) }, 0)),
      },
      spec: { httpGateway: { options: { wasm: { filters: [item] } } } },
    },
  };
}

/** The changed part of a Gateway, as one would write it into a file: all filters of the list, nothing else of the spec. */
function partOf(next: KubeObject, before: KubeObject): Tree {
  const filters = glooFilters.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], next);
  const { name, namespace } = before.metadata;
  return {
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata: {
      name,
      namespace,
      annotations: { [sharedAnnotation]: next.metadata.annotations?.[sharedAnnotation] },
    },
    spec: { httpGateway: { options: { wasm: { filters: filters as Tree } } } },
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
      'a configuration that is no text',
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
