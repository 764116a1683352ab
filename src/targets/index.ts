/** The deploy targets by name. Nothing of a target is loaded until it is used. */
import type { EnvoyOptions } from './envoy/options.ts';
import type { EnvoyGatewayOptions } from './envoy-gateway/options.ts';
import type { GcpOptions } from './gcp/options.ts';
import type { GlooOptions } from './gloo/options.ts';
import type { HigressOptions } from './higress/options.ts';
import type { IstioOptions } from './istio/options.ts';
import type { DeployTarget, StatusSupport, UndeploySupport } from './target.ts';

/** Name on the command line → options that only this target has. */
export interface TargetOptions {
  readonly envoy: EnvoyOptions;
  readonly istio: IstioOptions;
  readonly gloo: GlooOptions;
  readonly 'envoy-gateway': EnvoyGatewayOptions;
  readonly higress: HigressOptions;
  readonly gcp: GcpOptions;
}

export type TargetName = keyof TargetOptions;

// `plan` gets the facts that the same target observed, so the fact types need not be known here.
const loaders = {
  envoy: async () => (await import('./envoy/target.ts')).envoyTarget,
  istio: async () => (await import('./istio/target.ts')).istio,
  gloo: async () => (await import('./gloo/target.ts')).gloo,
  'envoy-gateway': async () => (await import('./envoy-gateway/target.ts')).envoyGateway,
  higress: async () => (await import('./higress/target.ts')).higress,
  gcp: async () => (await import('./gcp/target.ts')).gcp,
} satisfies { readonly [Name in TargetName]: () => Promise<DeployTarget<TargetOptions[Name], unknown>> };

type LoadedTarget<Name extends TargetName> = Awaited<ReturnType<(typeof loaders)[Name]>>;

/** The targets whose type has `Support`: a verb that needs it takes no other name. */
type TargetNameWith<Support> = {
  [Name in TargetName]: LoadedTarget<Name> extends Support ? Name : never;
}[TargetName];

/** The targets that `wasme status` can ask. */
export type StatusTargetName = TargetNameWith<StatusSupport<never>>;
/** The targets that `wasme undeploy` can take a filter out of. */
export type UndeployTargetName = TargetNameWith<UndeploySupport<never>>;

type TargetFor<Name extends TargetName> = DeployTarget<TargetOptions[Name], unknown> &
  (Name extends StatusTargetName ? StatusSupport<TargetOptions[Name]> : unknown) &
  (Name extends UndeployTargetName ? UndeploySupport<TargetOptions[Name]> : unknown);

export function loadTarget<Name extends TargetName>(name: Name): Promise<TargetFor<Name>> {
  return (loaders as { readonly [Each in TargetName]: () => Promise<unknown> })[name]() as Promise<
    TargetFor<Name>
  >;
}

export const targetNames = Object.keys(loaders) as readonly TargetName[];

/** The target's key in the `deploy` section of wasme.json. */
export const projectSections = {
  envoy: 'envoy',
  istio: 'istio',
  gloo: 'gloo',
  'envoy-gateway': 'envoyGateway',
  higress: 'higress',
  gcp: 'gcp',
} as const satisfies Record<TargetName, string>;
