/** The flags of `deploy envoy-gateway`, as the library takes them, and the Gateway API objects that a policy can be attached to. */
import { WasmeError } from '../../errors.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';

export interface EnvoyGatewayOptions extends KubernetesOptions {
  /** `1.3`; absent: the newest that is known. */
  readonly version?: string | undefined;
  /** `Gateway/eg`, `HTTPRoute/shop`, `Gateway/eg:https` for one listener. */
  readonly targetRefs?: readonly string[] | undefined;
  /** Policy that gets the filter, when another one is there already for the same target. */
  readonly policy?: string | undefined;
  readonly pullSecret?: string | undefined;
  readonly pullPolicy?: 'if-not-present' | 'always' | undefined;
}

export interface PolicyTarget {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

export const gatewayGroup = 'gateway.networking.k8s.io';
const kinds = ['Gateway', 'HTTPRoute', 'GRPCRoute'] as const;

/** Feature → first minor version of Envoy Gateway 1 that has it. */
export const since = { wasm: 1, hostEnv: 3 } as const;
export const newestEnvoyGateway = { minor: 9, text: '1.9' } as const;

/** Fails with USAGE. */
export function parseEnvoyGatewayVersion(text: string): { readonly minor: number; readonly text: string } {
  const minor = /^v?1\.(\d+)(?:[.-][\w.+-]*)?$/.exec(text.trim())?.[1];
  if (minor === undefined) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} is not a version of Envoy Gateway`, {
      hint: `versions look like 1.3; the newest known here is ${newestEnvoyGateway.text}`,
    });
  }
  return { minor: Number(minor), text: text.trim().replace(/^v/, '') };
}

/** Fails with USAGE. */
export function policyTargets({ targetRefs = [] }: EnvoyGatewayOptions): PolicyTarget[] {
  if (targetRefs.length === 0) {
    throw new WasmeError(
      'USAGE',
      'Envoy Gateway attaches filters to a Gateway or a route, and none was named',
      {
        hint: 'add --gateway NAME or --route NAME',
      },
    );
  }
  return targetRefs.map(text => {
    const match =
      /^([A-Za-z]+)\/([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?::([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?))?$/.exec(text);
    const kind = kinds.find(known => known === match?.[1]);
    const name = match?.[2];
    if (kind === undefined || name === undefined) {
      throw new WasmeError(
        'USAGE',
        `${JSON.stringify(text)} is not something a Wasm filter can be attached to`,
        {
          hint: `write KIND/NAME with one of ${kinds.join(', ')}, and :SECTION for one listener or rule`,
        },
      );
    }
    return {
      group: gatewayGroup,
      kind,
      name,
      ...(match?.[3] === undefined ? {} : { sectionName: match[3] }),
    };
  });
}

/** Whether two policies would meet at one object; a section is a part of the whole. */
export function sameTarget(a: PolicyTarget, b: PolicyTarget): boolean {
  return a.kind === b.kind && a.name === b.name && (a.sectionName ?? '') === (b.sectionName ?? '');
}
