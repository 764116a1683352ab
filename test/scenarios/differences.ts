/** The scenarios in which the bundled host differs from the recording, with the reason. A scenario that no longer differs fails here. */
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
      'Expressions that make protobuf messages (`google.protobuf.Duration{seconds: 1}`) are refused: Envoy knows every message that is linked into it, the bundled host knows none.',
  },
  {
    scenarios: ['expr-regular-expressions-otherwise'],
    envoy: all,
    reason:
      'The regular expressions of `matches()` come from another port of RE2: it does not know `\\C`, refuses a group name that occurs twice, and measures the size of a pattern in characters, not in bytes.',
  },
  {
    scenarios: ['expr-not-a-number'],
    envoy: all,
    reason:
      'JavaScript has one NaN, C++ has two: the bundled host always sets its sign bit, as a division does.',
  },
  {
    scenarios: ['life-starts-counted-in-shared-data', 'life-call-out-at-the-start', 'life-ticks-of-every-vm'],
    envoy: all,
    reason:
      'Envoy starts a filter in at least three VMs: one to try it, one in its main thread, which has ticks and call-outs but no streams, and one in each worker. In the bundled host only workers have one, so the effects of a start are seen once. A filter that counts its starts, or elects the first as leader, must be tried in Envoy (`run --envoy`).',
  },
];
