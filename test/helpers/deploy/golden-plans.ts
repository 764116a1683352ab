/** The plans whose documents are kept as goldens in test/fixtures/goldens/deploy, by target. */
import type { TargetName } from '../../../src/targets/index.ts';
import type { Plan } from '../../../src/targets/target.ts';
import {
  envoyGatewayPlan,
  envoyGatewayRows,
  gcpPlan,
  gcpRows,
  glooPlan,
  glooRows,
  higressPlan,
  higressRows,
  istioPlan,
  istioRows,
} from './deploy-cases.ts';
import { envoyPlan, envoyRows } from './envoy-cases.ts';

export interface GoldenPlan {
  /** Name of the golden file. */
  readonly name: string;
  readonly plan: () => Plan;
}

/** A target without its rows is a type error. */
export const goldenPlans: Readonly<Record<TargetName, readonly GoldenPlan[]>> = {
  envoy: envoyRows.map(row => ({ name: row.name, plan: () => envoyPlan(row) })),
  istio: istioRows.map(row => ({ name: row.name, plan: () => istioPlan(row) })),
  gloo: glooRows.map(row => ({ name: row.name, plan: () => glooPlan(row) })),
  'envoy-gateway': envoyGatewayRows.map(row => ({ name: row.name, plan: () => envoyGatewayPlan(row) })),
  higress: higressRows.map(row => ({ name: row.name, plan: () => higressPlan(row) })),
  gcp: gcpRows.map(row => ({ name: row.name, plan: () => gcpPlan(row) })),
};
