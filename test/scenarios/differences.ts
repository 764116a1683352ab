/** Where our host is known to differ from the recording, and why. A scenario listed here has to differ: mended ones go. */
import { type EnvoyVersion, envoyVersions } from '../helpers/scenario/envoy.ts';

export interface Difference {
  readonly scenarios: readonly string[];
  readonly envoy: readonly EnvoyVersion[];
  readonly reason: string;
}

const all = envoyVersions;

export const differences: readonly Difference[] = [
  {
    scenarios: ['foreign-expressions'],
    envoy: all,
    reason:
      'Envoy evaluates CEL; the bundled host has no expressions, so the functions are unknown (status 1).',
  },
];
