/** EnvoyExtensionPolicy as it is read from a cluster. */
import type { KubeObject } from '../kubernetes/objects.ts';
import type { Resource } from '../kubernetes/read.ts';
import type { EnvoyGatewayOptions, PolicyTarget } from './options.ts';

export const extensionPolicies: Resource = {
  kind: 'EnvoyExtensionPolicy',
  resource: 'envoyextensionpolicies.gateway.envoyproxy.io',
};
export const policyFilters = ['spec', 'wasm'] as const;

export function targetsOf({ spec }: KubeObject): readonly PolicyTarget[] {
  const refs = (spec?.['targetRefs'] ?? []) as readonly PolicyTarget[];
  const single = spec?.['targetRef'] as PolicyTarget | undefined;
  return single === undefined ? refs : [...refs, single];
}

export function filtersOf(policy: KubeObject | undefined): readonly Readonly<Record<string, unknown>>[] {
  return (policy?.spec?.['wasm'] ?? []) as readonly Readonly<Record<string, unknown>>[];
}

/** `mergeType` as the policy spells it. */
export function mergeTypeOf(merge: NonNullable<EnvoyGatewayOptions['merge']>): string {
  return merge === 'json' ? 'JSONMerge' : 'StrategicMerge';
}
