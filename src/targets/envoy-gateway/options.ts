/** The flags of `deploy envoy-gateway`, as the library takes them, and the Gateway API objects that a policy can be attached to. */
import { WasmeError } from '../../errors.ts';
import type { PullPolicy, mergeTypes } from '../../project/names.ts';
import { newestGatewayMinor } from '../../wasm/hosts.ts';
import { checkLabels } from '../kubernetes/names.ts';
import type { KubernetesOptions } from '../kubernetes/objects.ts';

export interface EnvoyGatewayOptions extends KubernetesOptions {
  /** `1.3`; absent: the newest that is known. */
  readonly version?: string | undefined;
  /** `Gateway/eg`, `HTTPRoute/shop`, `Gateway/eg:https` for one listener. */
  readonly targetRefs?: readonly string[] | undefined;
  /** Policy that gets the filter, when another one is there already for the same target. */
  readonly policy?: string | undefined;
  /** `Gateway/team=web`: every object of the kind with these labels. */
  readonly selectors?: readonly string[] | undefined;
  /** Merge of a route's policy with that of its Gateway; absent: it replaces the Gateway's. */
  readonly merge?: (typeof mergeTypes)[number] | undefined;
  /** `Secret/ca`, `ConfigMap/ca`: certificate authority of the registry or web server. */
  readonly caCertificate?: string | undefined;
  readonly pullSecret?: string | undefined;
  readonly pullPolicy?: PullPolicy | undefined;
}

export interface PolicyTarget {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

const gatewayGroup = 'gateway.networking.k8s.io';
const kinds = ['Gateway', 'HTTPRoute', 'GRPCRoute'] as const;

/** Feature → first minor version of Envoy Gateway 1 that has it. */
export const since = { wasm: 1, hostEnv: 3, tls: 4, mergeType: 9 } as const;

export interface EnvoyGatewayVersion {
  readonly minor: number;
  readonly text: string;
}

export const newestEnvoyGateway: EnvoyGatewayVersion = {
  minor: newestGatewayMinor,
  text: `1.${newestGatewayMinor}`,
};

/** Fails with USAGE. */
export function parseEnvoyGatewayVersion(text: string): EnvoyGatewayVersion {
  const minor = /^v?1\.(\d+)(?:[.-][\w.+-]*)?$/.exec(text.trim())?.[1];
  if (minor === undefined) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} is not a version of Envoy Gateway`, {
      hint: `versions look like 1.3; the newest known here is ${newestEnvoyGateway.text}`,
    });
  }
  return { minor: Number(minor), text: text.trim().replace(/^v/, '') };
}

/** Parses the targets. Fails with USAGE for an unknown one, and when there are neither targets nor selectors. */
export function policyTargets({ targetRefs = [], selectors = [] }: EnvoyGatewayOptions): PolicyTarget[] {
  if (targetRefs.length + selectors.length === 0) {
    throw new WasmeError(
      'USAGE',
      'Envoy Gateway attaches filters to a Gateway or a route, and none was named',
      {
        hint: 'add --gateway NAME, --route NAME, or --target-selector Gateway/team=web',
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

/** Returns true when both targets are one object, or one is a section of the other. */
export function sameTarget(a: PolicyTarget, b: PolicyTarget): boolean {
  return a.kind === b.kind && a.name === b.name && (a.sectionName ?? '') === (b.sectionName ?? '');
}

/** `Gateway/team=web,tier=edge` → an item of targetSelectors. Fails with USAGE and DEPLOY_NAME. */
export function parseSelector(text: string): {
  readonly group: string;
  readonly kind: string;
  readonly matchLabels: Readonly<Record<string, string>>;
} {
  const [name = '', rest = ''] = splitOnce(text, '/');
  const kind = kinds.find(known => known === name);
  const pairs = rest.split(',').map(pair => splitOnce(pair, '='));
  if (kind === undefined || pairs.some(([key = '', value]) => key === '' || value === undefined)) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} does not choose anything`, {
      hint: `write KIND/LABEL=VALUE with one of ${kinds.join(', ')}: --target-selector Gateway/team=web`,
    });
  }
  return {
    group: gatewayGroup,
    kind,
    matchLabels: checkLabels(Object.fromEntries(pairs) as Record<string, string>),
  };
}

/** Fails with USAGE. */
export function certificateRef(text: string): {
  readonly group: '';
  readonly kind: string;
  readonly name: string;
} {
  const [kind = '', name = ''] = splitOnce(text, '/');
  if ((kind === 'Secret' || kind === 'ConfigMap') && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) {
    return { group: '', kind, name };
  }
  throw new WasmeError('USAGE', `${JSON.stringify(text)} is nothing that holds a certificate`, {
    hint: 'write Secret/NAME or ConfigMap/NAME, with the certificate under the key ca.crt',
  });
}

function splitOnce(text: string, at: string): string[] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
