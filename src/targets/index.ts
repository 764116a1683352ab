/** The deploy targets and their own options; nothing of a target is loaded until it is used. */
import type { EnvoyOptions } from './envoy/options.ts';
import type { EnvoyGatewayOptions } from './envoy-gateway/options.ts';
import type { GcpOptions } from './gcp/options.ts';
import type { GlooOptions } from './gloo/options.ts';
import type { HigressOptions } from './higress/options.ts';
import type { IstioOptions } from './istio/options.ts';
import type { DeployTarget } from './target.ts';

/** Name on the command line → the target's own flags. */
export interface TargetOptions {
  readonly envoy: EnvoyOptions;
  readonly istio: IstioOptions;
  readonly gloo: GlooOptions;
  readonly 'envoy-gateway': EnvoyGatewayOptions;
  readonly higress: HigressOptions;
  readonly gcp: GcpOptions;
}

export type TargetName = keyof TargetOptions;

type Loaders = {
  readonly [Name in TargetName]: () => Promise<DeployTarget<TargetOptions[Name], unknown>>;
};

// `plan` gets the facts that the same target observed, so the fact types need not be known here.
const loaders: Loaders = {
  envoy: async () => (await import('./envoy/target.ts')).envoyTarget,
  istio: async () => (await import('./istio/target.ts')).istio,
  gloo: async () => (await import('./gloo/target.ts')).gloo,
  'envoy-gateway': async () => (await import('./envoy-gateway/target.ts')).envoyGateway,
  higress: async () => (await import('./higress/target.ts')).higress,
  gcp: async () => (await import('./gcp/target.ts')).gcp,
};

export function loadTarget<Name extends TargetName>(
  name: Name,
): Promise<DeployTarget<TargetOptions[Name], unknown>> {
  return loaders[name]();
}

/** The target's key in the `deploy` part of wasme.json. */
export const projectSections = {
  envoy: 'envoy',
  istio: 'istio',
  gloo: 'gloo',
  'envoy-gateway': 'envoyGateway',
  higress: 'higress',
  gcp: 'gcp',
} as const satisfies Record<TargetName, string>;
