/** Where our host is known to differ from the recording, and why. A scenario listed here has to differ: mended ones go. */
import { type EnvoyVersion, envoyVersions } from '../helpers/scenario/envoy/envoy.ts';

export interface Difference {
  readonly scenarios: readonly string[];
  readonly envoy: readonly EnvoyVersion[];
  readonly reason: string;
}

const all = envoyVersions;

export const differences: readonly Difference[] = [
  {
    scenarios: ['expr-messages'],
    envoy: all,
    reason:
      'Expressions that make protobuf messages (`google.protobuf.Duration{seconds: 1}`) are refused: Envoy knows every message that is linked into it, this host none.',
  },
  {
    scenarios: ['expr-regular-expressions-otherwise'],
    envoy: all,
    reason:
      'The regular expressions of `matches()` come from another port of RE2: it knows no `\\C`, refuses a group name that is there twice, and measures the size of a pattern in characters, not in bytes.',
  },
  {
    scenarios: ['expr-not-a-number'],
    envoy: all,
    reason:
      'JavaScript has one "not a number", C++ has two: here it always has its sign bit set, as a division leaves it.',
  },
  {
    scenarios: ['life-starts-counted-in-shared-data', 'life-call-out-at-the-start', 'life-ticks-of-every-vm'],
    envoy: all,
    reason:
      'Envoy starts a filter in three VMs at least: one to try it, one in its main thread, which has ticks and call-outs but no streams, and one in each worker. Here only workers have one, so that what a start does is seen once. A filter that counts its starts, or leads because it started first, has to be tried in Envoy (`run --envoy`).',
  },
];
