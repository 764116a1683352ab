/**
 * Envoy Gateway: an EnvoyExtensionPolicy. Of several policies for one target only the oldest counts, so a second filter
 * goes into the policy that is there: one of ours without a word, somebody else's when it is named.
 */
import { WasmeError } from '../errors.ts';
import type { Edges } from '../io/edges.ts';
import {
  type EnvoyGatewayOptions,
  type PolicyTarget,
  newestEnvoyGateway,
  parseEnvoyGatewayVersion,
  policyTargets,
  sameTarget,
  since,
} from './envoy-gateway-options.ts';
import { type DeployIntent, intentHash } from './intent.ts';
import { jsonConfiguration } from './json-configuration.ts';
import { type KubernetesDocument, applyDocuments, deleteObject } from './kubernetes/apply.ts';
import { diffPlan, unifiedDiff } from './kubernetes/diff.ts';
import { nothingToRemove, removeShared } from './kubernetes/undeploy.ts';
import { type KubeObject, isOurs, ownMetadata, sharedAnnotation, showObject } from './kubernetes/objects.ts';
import { type Resource, listObjects } from './kubernetes/read.ts';
import { ownershipOf, patched, putItem, sharedHashes, sharedIds } from './kubernetes/shared.ts';
import type { AppliedObject, Plan, Target, UndeployRequest, Undeployment } from './target.ts';
import { type Tree, because, plain } from './tree.ts';

export interface EnvoyGatewayFacts {
  /** Policies of the namespace; undefined when no cluster was asked. */
  readonly policies: readonly KubeObject[] | undefined;
}

export const extensionPolicies: Resource = {
  kind: 'EnvoyExtensionPolicy',
  resource: 'envoyextensionpolicies.gateway.envoyproxy.io',
};
export const policyFilters = ['spec', 'wasm'] as const;
const maxFilters = 16;

export const envoyGateway: Target<EnvoyGatewayOptions, EnvoyGatewayFacts> = {
  name: 'envoy-gateway',
  accepts: ['image', 'http'],
  withProject: (options, { envoyGateway: project = {} }) => {
    const refs = [
      ...(project.gateway === undefined ? [] : [`Gateway/${project.gateway}`]),
      ...(project.route === undefined ? [] : [`HTTPRoute/${project.route}`]),
    ];
    return {
      ...options,
      namespace: options.namespace ?? project.namespace,
      targetRefs: options.targetRefs ?? (refs.length === 0 ? undefined : refs),
    };
  },
  observe: observePolicies,
  plan: planPolicy,
  apply: (plan, options, edges) => applyDocuments(plan, [extensionPolicies], options, edges),
  diff: diffPlan,
  undeploy: undeployPolicy,
};

async function observePolicies(
  _intent: DeployIntent,
  options: EnvoyGatewayOptions,
  edges: Edges,
): Promise<EnvoyGatewayFacts> {
  if (options.useCluster !== true) return { policies: undefined };
  const namespace = options.namespace ?? 'default';
  return { policies: await listObjects(extensionPolicies, { namespace }, options, edges) };
}

function planPolicy(
  intent: DeployIntent,
  options: EnvoyGatewayOptions,
  { policies = [] }: EnvoyGatewayFacts,
): Plan {
  refuse(intent, options);
  const targets = policyTargets(options);
  const item = filterItem(intent, options);
  const host = hostPolicy(intent, options, targets, policies);
  const document =
    host !== undefined && !isOurs(host)
      ? intoForeign(host, intent, item, options)
      : ownPolicy(host, intent, item, targets, options);
  return { documents: [document], files: [], warnings: warnings(intent) };
}

/** A policy of ours goes with its last filter; out of somebody else's only our filter goes. */
async function undeployPolicy(
  request: UndeployRequest,
  options: EnvoyGatewayOptions,
  edges: Edges,
): Promise<Undeployment> {
  const namespace = options.namespace ?? 'default';
  const policies = await listObjects(extensionPolicies, { namespace }, options, edges);
  const holder = policies.find(policy => sharedIds(policy).includes(request.id));
  if (holder === undefined) throw nothingToRemove(request.id, namespace);
  if (!isOurs(holder)) {
    return removeShared(extensionPolicies, policyFilters, request, [namespace], options, edges);
  }
  const rest = filtersOf(holder).filter(({ name }) => name !== request.id);
  const document = rest.length === 0 ? undefined : withoutFilter(holder, request.id, rest);
  const diff = unifiedDiff(
    showObject(holder),
    holder,
    document === undefined ? undefined : (plain(document.content) as KubeObject),
  );
  const changed: AppliedObject[] = [];
  if (document === undefined) {
    if (!request.dryRun) await deleteObject(extensionPolicies, holder, options, edges);
    changed.push({ name: showObject(holder), result: 'deleted' });
  } else {
    const plan = { documents: [document], files: [], warnings: [] };
    const dryRun = request.dryRun || options.dryRun === true;
    await applyDocuments(plan, [extensionPolicies], { ...options, dryRun }, edges);
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
    content: {
      apiVersion,
      kind,
      metadata: { name, namespace, labels, annotations: { [sharedAnnotation]: ownershipOf(hashes, 0) } },
      spec: { ...(spec as { readonly [key: string]: Tree }), wasm: rest as readonly unknown[] as Tree },
    },
  };
}

/** The policy that has, or is to get, the filter; undefined: a new one. Fails with KUBE_CONFLICT. */
function hostPolicy(
  intent: DeployIntent,
  options: EnvoyGatewayOptions,
  targets: readonly PolicyTarget[],
  policies: readonly KubeObject[],
): KubeObject | undefined {
  if (options.policy !== undefined) {
    const named = policies.find(({ metadata }) => metadata.name === options.policy);
    if (named !== undefined || options.useCluster !== true) return named;
  }
  const holder = policies.find(policy => sharedIds(policy).includes(intent.id));
  if (holder !== undefined) return holder;
  const rival = policies.find(policy => targetsOf(policy).some(a => targets.some(b => sameTarget(a, b))));
  if (rival === undefined || isOurs(rival)) return rival;
  throw new WasmeError(
    'KUBE_CONFLICT',
    `${showObject(rival)} already extends this target, and Envoy Gateway obeys one policy per target`,
    {
      hint: `add --policy ${rival.metadata.name} to put the filter into it`,
      details: { policy: rival.metadata.name },
    },
  );
}

function targetsOf({ spec }: KubeObject): readonly PolicyTarget[] {
  const refs = (spec?.['targetRefs'] ?? []) as readonly PolicyTarget[];
  const single = spec?.['targetRef'] as PolicyTarget | undefined;
  return single === undefined ? refs : [...refs, single];
}

/** A policy that is ours is always written as a whole, with the filters that earlier deployments put into it. */
function ownPolicy(
  host: KubeObject | undefined,
  intent: DeployIntent,
  item: { readonly [key: string]: Tree },
  targets: readonly PolicyTarget[],
  options: EnvoyGatewayOptions,
): KubernetesDocument {
  const others = filtersOf(host).filter(({ name }) => name !== intent.id);
  if (others.length >= maxFilters) {
    throw new WasmeError(
      'DEPLOY_UNSUPPORTED',
      `${showObject(host as KubeObject)} holds ${maxFilters} filters already`,
      {
        hint: 'attach the filter to a route, or undeploy another one',
      },
    );
  }
  const before = filtersOf(host).findIndex(({ name }) => name === intent.id);
  const at = before < 0 ? others.length : before;
  const hashes = { ...(host && sharedHashes(host)), [intent.id]: intentHash(intent) };
  const name = host?.metadata.name ?? options.policy ?? intent.id;
  const metadata = ownMetadata(intent, options.namespace ?? 'default', name);
  // Targets of a policy that other filters live in stay as they are.
  const kept = others.length > 0 && host !== undefined ? targetsOf(host) : targets;
  return {
    name: `EnvoyExtensionPolicy/${name}`,
    resource: extensionPolicies,
    content: {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'EnvoyExtensionPolicy',
      metadata: {
        ...metadata,
        labels: host?.metadata.labels ?? metadata['labels'],
        annotations: { [sharedAnnotation]: ownershipOf(hashes, 0) },
      },
      spec: {
        targetRefs: because(
          kept as readonly unknown[] as Tree,
          'the Gateway or route that gets the filter (--gateway, --route)',
        ),
        wasm: [...(others.slice(0, at) as Tree[]), item, ...(others.slice(at) as Tree[])],
      },
    },
  };
}

function intoForeign(
  host: KubeObject,
  intent: DeployIntent,
  item: { readonly [key: string]: Tree },
  options: EnvoyGatewayOptions,
): KubernetesDocument {
  const edit = {
    list: policyFilters,
    id: intent.id,
    hash: intentHash(intent),
    item: plain(item) as Record<string, unknown>,
  };
  const next = patched(host, putItem(host, edit, options.forceConflicts === true));
  const { name, namespace } = host.metadata;
  return {
    name: showObject(host),
    resource: extensionPolicies,
    edit,
    content: {
      apiVersion: host.apiVersion,
      kind: host.kind,
      metadata: {
        name,
        namespace,
        annotations: { [sharedAnnotation]: next.metadata.annotations?.[sharedAnnotation] },
      },
      spec: next.spec as Tree,
    },
  };
}

function filtersOf(policy: KubeObject | undefined): readonly Readonly<Record<string, unknown>>[] {
  return (policy?.spec?.['wasm'] ?? []) as readonly Readonly<Record<string, unknown>>[];
}

function filterItem(intent: DeployIntent, options: EnvoyGatewayOptions): { readonly [key: string]: Tree } {
  const config = intent.configuration === undefined ? undefined : jsonConfiguration(intent.configuration);
  return {
    name: because(intent.id, 'names the filter in logs and for undeploy (--id)'),
    rootID:
      intent.rootId === ''
        ? undefined
        : because(intent.rootId, 'root context of the module (--root-id, rootId)'),
    code: code(intent, options),
    config:
      config === undefined ? undefined : because(config.value as Tree, 'the filter reads it as JSON text'),
    failOpen:
      intent.failPolicy === undefined
        ? undefined
        : because(intent.failPolicy === 'open', `--fail-policy ${intent.failPolicy}`),
    env:
      intent.hostEnv.length === 0
        ? undefined
        : because(
            { hostKeys: [...intent.hostEnv].sort() },
            "passed on from the proxy's environment (--env NAME)",
          ),
  };
}

function code({ code: from }: DeployIntent, options: EnvoyGatewayOptions): Tree {
  if (from.from === 'file' || from.from === 'proxy-file') return undefined;
  const pullPolicy =
    options.pullPolicy === undefined
      ? undefined
      : because(options.pullPolicy === 'always' ? 'Always' : 'IfNotPresent', '--pull-policy');
  const sha256 = from.digest?.replace(/^sha256:/, '');
  if (from.from === 'http') {
    return {
      type: 'HTTP',
      http: {
        url: from.url,
        sha256: sha256 === undefined ? undefined : because(sha256, 'digest of the bytes served'),
      },
      pullPolicy,
    };
  }
  return {
    type: 'Image',
    image: {
      url: because(
        from.digest === undefined ? from.reference : `${from.reference}@${from.digest}`,
        from.digest === undefined
          ? '--no-digest: whatever the tag names when it is pulled'
          : 'the tag is for people, the digest is what is pulled',
      ),
      sha256: sha256 === undefined ? undefined : because(sha256, 'digest of the image manifest'),
      pullSecretRef:
        options.pullSecret === undefined
          ? undefined
          : because(
              { kind: 'Secret', name: options.pullSecret },
              'a docker-registry secret of the same namespace',
            ),
    },
    pullPolicy,
  };
}

function warnings(intent: DeployIntent): string[] {
  if (intent.vmId === '') return [];
  return [`Envoy Gateway names virtual machines itself; vmId ${intent.vmId} is not used`];
}

function refuse(intent: DeployIntent, options: EnvoyGatewayOptions): void {
  const version =
    options.version === undefined ? newestEnvoyGateway : parseEnvoyGatewayVersion(options.version);
  const config = intent.configuration;
  const rows: readonly (readonly [boolean, string, string])[] = [
    [version.minor < since.wasm, 'Wasm filters', `they came with 1.${since.wasm}`],
    [intent.kind !== 'http', `a ${intent.kind} filter`, 'it runs HTTP filters'],
    [intent.failPolicy === 'reload', '--fail-policy reload', 'open and closed are there'],
    [
      Object.keys(intent.env).length > 0,
      'variables with a value',
      'use --config, or --env NAME to pass one on',
    ],
    [
      intent.hostEnv.length > 0 && version.minor < since.hostEnv,
      '--env',
      `passing variables on came with 1.${since.hostEnv}`,
    ],
    [intent.vmConfiguration !== undefined, '--vm-config', 'use --config'],
    [
      config !== undefined && jsonConfiguration(config) === undefined,
      'a configuration that is not JSON',
      'write it as JSON, and integers beyond 2^53 as strings',
    ],
    [intent.allowedCapabilities !== undefined, '--allow-capabilities', 'leave it out'],
    [intent.allowOnHeadersStopIteration !== undefined, '--allow-on-headers-stop-iteration', 'leave it out'],
    [intent.runtime !== 'v8', `--runtime ${intent.runtime}`, 'it runs V8'],
  ];
  const row = rows.find(([asked]) => asked);
  if (row === undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', `Envoy Gateway ${version.text} has no field for ${row[1]}`, {
    hint: row[2],
  });
}
