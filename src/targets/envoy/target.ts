/** The deploy target `envoy`: one document, the bootstrap, for an Envoy that is run by hand. */
import { WasmeError } from '../../errors.ts';
import type { DeployIntent } from '../intent.ts';
import type { Plan, Target } from '../target.ts';
import { bootstrap } from './bootstrap.ts';
import type { EnvoyOptions } from './options.ts';

export const envoyTarget: Target<EnvoyOptions> = {
  name: 'envoy',
  accepts: ['file', 'http', 'proxy-file'],
  observe: () => Promise.resolve(undefined),
  plan(intent, options) {
    requireDigest(intent);
    return {
      documents: [{ name: 'envoy.yaml', content: bootstrap(intent, options) }],
      files: [],
      warnings: warningsFor(intent),
    } satisfies Plan;
  },
};

function requireDigest({ code }: DeployIntent): void {
  if (code.from !== 'http' || code.digest !== undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', 'Envoy does not fetch code without its digest', {
    hint: 'leave --no-digest out, or give the digest with --digest sha256:…',
  });
}

function warningsFor({ runtime }: DeployIntent): string[] {
  return runtime === 'v8' ? [] : [`official builds of Envoy cannot run "${runtime}", only v8`];
}
