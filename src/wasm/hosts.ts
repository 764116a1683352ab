/**
 * The hosts that a filter can be built for, the Envoy inside each version of them, the parser of `istio@1.30`, and what an
 * Envoy version offers to a module.
 */
import { WasmeError } from '../errors.ts';
import { type WasiTier, wasiTiers } from './functions.ts';

export const hostNames = ['envoy', 'istio', 'envoy-gateway', 'gloo', 'higress', 'gcp'] as const;
export type HostName = (typeof hostNames)[number];

export interface HostVersion {
  readonly name: HostName;
  /** As typed, lower-cased: `istio@1.30`, `gloo@ee`. */
  readonly text: string;
  /** Its own version when one was given: 1.30 is { major: 1, minor: 30 }. */
  readonly version: { readonly major: number; readonly minor: number } | undefined;
  /** Envoy 1.x inside: 38 for Istio 1.30. The newest known where no version was given. */
  readonly envoyMinor: number;
  /** States the assumption that was made for this version, as a sentence. */
  readonly note: string | undefined;
}

type EnvoyInside = Pick<HostVersion, 'envoyMinor' | 'note'>;

/** Newest release lines that are known here. */
export const newestEnvoyMinor = 40;
export const newestIstioMinor = 31;
export const newestGatewayMinor = 9;

/** The first Envoy that upstream shipped with Proxy-Wasm in it. */
export const oldestEnvoyMinor = 17;

/** Minor of Envoy Gateway 1.x → minor of Envoy 1.x. Wasm images came with 1.1. */
const envoyOfGateway: Readonly<Record<number, number>> = {
  0: 29,
  1: 31,
  2: 32,
  3: 33,
  4: 34,
  5: 35,
  6: 36,
  7: 37,
  8: 38,
  9: 39,
};

/** Higress 2 began on Istio 1.19.5 and its Envoy; in October 2025 its sources went to Istio 1.27 (higress pull request 3066). */
const envoyOfHigress = 27;

/** Istio goes with Envoy one minor to one minor: 1.9 has 1.17 (before that, forks of 1.13 to 1.16), 1.30 has 1.38. */
const istioBehindEnvoy = 8;

export function envoyOfIstio(istioMinor: number): number {
  return istioMinor + istioBehindEnvoy;
}

export function istioOfEnvoy(envoyMinor: number): number {
  return envoyMinor - istioBehindEnvoy;
}

/**
 * `envoy@1.36`, `istio@1.30.1`, `envoy-gateway`, `gloo@ee` → host. An unknown newer version is judged as the newest
 * known one, and `note` says so. Fails with USAGE for another name or a text that is not a version.
 */
export function parseHost(input: string): HostVersion {
  const text = input.trim().toLowerCase();
  const [name = '', versionText] = text.split('@');
  if (!isHostName(name)) {
    throw new WasmeError('USAGE', `${JSON.stringify(input)} is not a host that is known here`, {
      hint: `hosts are ${hostNames.join(', ')}, with a version where it matters: istio@1.30`,
    });
  }
  // "ee" is Gloo's edition, not a version.
  const version = versionText === 'ee' && name === 'gloo' ? undefined : parseVersion(input, versionText);
  if (version !== undefined && version.major !== 1 && countedInMinors.has(name)) {
    throw new WasmeError('USAGE', `${JSON.stringify(input)}: every known version of ${name} begins with 1.`, {
      hint: 'write major.minor: envoy@1.36, istio@1.30',
    });
  }
  return { name, text, version, ...envoyInside(name, version?.minor) };
}

/** The hosts whose minor version alone says which Envoy is inside. */
const countedInMinors: ReadonlySet<HostName> = new Set(['envoy', 'istio', 'envoy-gateway']);

function isHostName(name: string): name is HostName {
  return (hostNames as readonly string[]).includes(name);
}

function parseVersion(input: string, text: string | undefined): HostVersion['version'] {
  if (text === undefined || text === 'latest') return undefined;
  const [, major, minor] = /^v?(\d{1,3})\.(\d{1,4})(?:[.-][\w.+*-]*)?$/.exec(text) ?? [];
  if (major === undefined || minor === undefined) {
    throw new WasmeError('USAGE', `${JSON.stringify(input)}: ${JSON.stringify(text)} is not a version`, {
      hint: 'write major.minor: envoy@1.36, istio@1.30',
    });
  }
  return { major: Number(major), minor: Number(minor) };
}

function envoyInside(name: HostName, minor: number | undefined): EnvoyInside {
  switch (name) {
    case 'envoy':
      return upTo(newestEnvoyMinor, 'Envoy', minor, value => value);
    case 'istio':
      return upTo(newestIstioMinor, 'Istio', minor, envoyOfIstio);
    case 'envoy-gateway':
      return upTo(newestGatewayMinor, 'Envoy Gateway', minor, value => envoyOfGateway[value] ?? 0);
    case 'higress':
      return {
        envoyMinor: envoyOfHigress,
        note: 'judged by the Envoy 1.27 that Higress 2 began with; releases since late 2025 have a newer one',
      };
    case 'gloo':
    case 'gcp':
      return {
        envoyMinor: newestEnvoyMinor,
        note: 'which Envoy it runs is not published; judged by the newest one',
      };
  }
}

function upTo(
  newest: number,
  title: string,
  minor: number | undefined,
  envoyOf: (minor: number) => number,
): EnvoyInside {
  const note =
    minor !== undefined && minor > newest
      ? `newer than any ${title} known here; judged as 1.${newest}`
      : undefined;
  return { envoyMinor: envoyOf(Math.min(minor ?? newest, newest)), note };
}

/** Returns true when the Envoy inside is older than upstream's first one with Wasm: such a fork loads only modules made for it. */
export function isForkedEnvoy({ envoyMinor }: Pick<HostVersion, 'envoyMinor'>): boolean {
  return envoyMinor < oldestEnvoyMinor;
}

/** The features of an Envoy version that decide if a module loads. */
export interface EnvoyOffer {
  readonly wasiTier: WasiTier;
  /** `__main_void` is called after `_initialize`; it came with the newest tier. */
  readonly mainVoid: boolean;
}

export function offeredBy({ envoyMinor }: Pick<HostVersion, 'envoyMinor'>): EnvoyOffer {
  const tiers = Object.entries(wasiTiers) as [WasiTier, number][];
  const [wasiTier] = tiers.findLast(([, since]) => envoyMinor >= since) ?? ['A'];
  return { wasiTier, mainVoid: wasiTier === 'D' };
}
