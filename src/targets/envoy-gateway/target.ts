/**
 * Envoy Gateway: an EnvoyExtensionPolicy. Of several policies for one target only the oldest counts, so a second filter
 * goes into the policy that is there: one of ours without a word, somebody else's when it is named.
 */
import { WasmeError } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { type DeployIntent, intentHash } from '../intent.ts';
import { type KubernetesDocument, applyDocuments } from '../kubernetes/apply.ts';
import { diffPlan } from '../kubernetes/diff.ts';
import { type KubeObject, isOurs, ownMetadata, sharedAnnotation, showObject } from '../kubernetes/objects.ts';
import { listObjects } from '../kubernetes/read.ts';
import { ownershipOf, patched, putItem, sharedHashes, sharedIds } from '../kubernetes/shared.ts';
import type { Plan, Target } from '../target.ts';
import { type Tree, because, plain } from '../tree.ts';
import { filterItem, refuse } from './filter.ts';
import {
  type EnvoyGatewayOptions,
  type PolicyTarget,
  parseEnvoyGatewayVersion,
  policyTargets,
  sameTarget,
} from './options.ts';
import { extensionPolicies, filtersOf, policyFilters, targetsOf } from './policies.ts';
import { policyStatus } from './status.ts';
import { undeployPolicy } from './undeploy.ts';

export interface EnvoyGatewayFacts {
  /** Policies of the namespace; undefined when no cluster was asked. */
  readonly policies: readonly KubeObject[] | undefined;
}

const maxFilters = 16;

export const envoyGateway: Target<EnvoyGatewayOptions, EnvoyGatewayFacts> = {
  name: 'envoy-gateway',
  accepts: ['image', 'http'],
  host: ({ version }) =>
    version === undefined ? 'envoy-gateway' : `envoy-gateway@1.${parseEnvoyGatewayVersion(version).minor}`,
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
  status: policyStatus,
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

function warnings(intent: DeployIntent): string[] {
  if (intent.vmId === '') return [];
  return [`Envoy Gateway names virtual machines itself; vmId ${intent.vmId} is not used`];
}
