/** The target `envoy`: an Envoy that is configured with files, and asked through its admin interface. */
import { declareDeploy } from './envoy/deploy-envoy.ts';
import { declareStatus } from './envoy/status-envoy.ts';
import { declareUndeploy } from './envoy/undeploy-envoy.ts';
import type { TargetCommand } from './target-command.ts';

export const envoy: TargetCommand<'envoy'> = {
  deploy: { summary: 'configuration for a plain Envoy', declare: declareDeploy },
  status: { summary: 'of Envoys with an admin interface', declare: declareStatus },
  undeploy: { summary: 'out of your own Envoy file', declare: declareUndeploy },
};
