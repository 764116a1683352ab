/** Every scenario, by family. Ids are unique; they name listeners, clusters and plugins in Envoy. */
import type { Scenario } from '../helpers/scenario/scenario.ts';
import { bodyScenarios } from './bodies.ts';
import { calloutScenarios } from './callouts.ts';
import { dnsScenarios } from './network/dns.ts';
import { expressionScenarios } from './expressions.ts';
import { failureScenarios } from './failures.ts';
import { headerScenarios } from './headers.ts';
import { invalidHeaderScenarios } from './invalid-headers.ts';
import { lifecycleScenarios } from './lifecycle.ts';
import { memoryScenarios } from './memory.ts';
import { propertyScenarios } from './properties.ts';
import { replyScenarios } from './replies.ts';
import { signatureScenarios } from './signatures.ts';
import { stateScenarios } from './state.ts';
import { upstreamEndScenarios } from './upstream-ends.ts';

export const families: Readonly<Record<string, readonly Scenario[]>> = {
  memory: memoryScenarios,
  headers: headerScenarios,
  'invalid headers': invalidHeaderScenarios,
  bodies: bodyScenarios,
  replies: replyScenarios,
  lifecycle: lifecycleScenarios,
  state: stateScenarios,
  properties: propertyScenarios,
  expressions: expressionScenarios,
  signatures: signatureScenarios,
  callouts: calloutScenarios,
  dns: dnsScenarios,
  failures: failureScenarios,
  upstreamEnds: upstreamEndScenarios,
};
