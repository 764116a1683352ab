/** The flags of `deploy gloo`, as the library takes them. */
import type { KubernetesOptions } from '../kubernetes/objects.ts';
import type { GlooKind } from './forms.ts';

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
  /** Kinds of objects that get the filter; absent: Gateways and MatchableHttpGateways. */
  readonly kinds?: readonly GlooKind[] | undefined;
  /** `AuthNStage`, `AuthNStage:Before`; absent: Gloo's default, after everything else. */
  readonly filterStage?: string | undefined;
}
