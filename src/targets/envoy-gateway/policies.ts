/** EnvoyExtensionPolicy as it is read from a cluster. */
import type { KubeObject } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/parse-answer.ts';
import type { EnvoyGatewayOptions, PolicyTarget } from './options.ts';
import type { PolicyFilter } from './schema.ts';

export const extensionPolicies: Resource = {
  kind: 'EnvoyExtensionPolicy',
  resource: 'envoyextensionpolicies.gateway.envoyproxy.io',
  schema: async () => (await import('./schema.ts')).extensionPolicy,
};
export const policyFilters = ['spec', 'wasm'] as const;

export function targetsOf({ spec }: KubeObject): readonly PolicyTarget[] {
  const refs = (spec?.['targetRefs'] ?? []) as readonly PolicyTarget[];
  const single = spec?.['targetRef'] as PolicyTarget | undefined;
  return single === undefined ? refs : [...refs, single];
}

export function filtersOf(policy: KubeObject | undefined): readonly PolicyFilter[] {
  return (policy?.spec?.['wasm'] ?? []) as readonly PolicyFilter[];
}

/** `mergeType` as the policy spells it. */
export function mergeTypeOf(merge: NonNullable<EnvoyGatewayOptions['merge']>): string {
  return merge === 'json' ? 'JSONMerge' : 'StrategicMerge';
}
