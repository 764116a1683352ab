/** The flags of `deploy higress`, as the library takes them. */
import { WasmeError } from '../../errors.ts';
import type { PluginPhase, PullPolicy } from '../../project/names.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';

export interface HigressOptions extends KubernetesOptions {
  readonly phase?: PluginPhase | undefined;
  /** Higher runs earlier among the filters of one phase. */
  readonly priority?: number | undefined;
  readonly pullSecret?: string | undefined;
  readonly pullPolicy?: PullPolicy | undefined;
  /** Only for these; needs a module that was built with Higress' own SDK, which reads the rules. */
  readonly ingresses?: readonly string[] | undefined;
  readonly domains?: readonly string[] | undefined;
  readonly services?: readonly string[] | undefined;
  /** The module is one of those. */
  readonly higressSdk?: boolean | undefined;
}

/** Higress looks at filters in its own namespace only. */
export const higressNamespace = 'higress-system';

/** Returns the fields of the match rule; undefined when nothing is matched. Fails with USAGE. */
export function ruleOf({ ingresses = [], domains = [], services = [], higressSdk }: HigressOptions):
  | {
      readonly ingress?: readonly string[];
      readonly domain?: readonly string[];
      readonly service?: readonly string[];
    }
  | undefined {
  if (ingresses.length + domains.length + services.length === 0) return undefined;
  if (higressSdk !== true) {
    throw new WasmeError(
      'USAGE',
      '--ingress, --domain and --service are read by the module, not by Higress',
      {
        hint: "a module that was built with Higress' SDK understands them: add --higress-sdk; for others leave them out",
      },
    );
  }
  const wrong = domains.find(domain => !/^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:\d+)?$|^\*$/i.test(domain));
  if (wrong !== undefined) {
    throw new WasmeError('USAGE', `${JSON.stringify(wrong)} is not a domain`, {
      hint: 'write it like shop.example or *.example',
    });
  }
  return {
    ...(ingresses.length === 0 ? {} : { ingress: ingresses }),
    ...(domains.length === 0 ? {} : { domain: domains }),
    ...(services.length === 0 ? {} : { service: services }),
  };
}
