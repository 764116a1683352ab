/** Every deploy target on the command line. `deploy`, `status`, `undeploy`, their help and completion are made from this list. */
import type { TargetName } from '../../src/targets/index.ts';
import { envoyGateway } from './envoy-gateway.ts';
import { envoy } from './envoy.ts';
import { gcp } from './gcp.ts';
import { gloo } from './gloo.ts';
import { higress } from './higress.ts';
import { istio } from './istio.ts';
import type { TargetCommand, TargetVerb } from './target-command.ts';

/** In the order of the help. */
export const targetCommands: { readonly [Name in TargetName]: TargetCommand<Name> } = {
  envoy,
  istio,
  gloo,
  'envoy-gateway': envoyGateway,
  higress,
  gcp,
};

/** The targets that have the verb. */
export function targetsWith(verb: 'deploy' | 'status' | 'undeploy'): Readonly<Record<string, TargetVerb>> {
  const pairs = Object.entries(targetCommands).map(([name, command]) => [name, command[verb]] as const);
  return Object.fromEntries(
    pairs.flatMap(([name, declared]) => (declared === undefined ? [] : [[name, declared]])),
  );
}
