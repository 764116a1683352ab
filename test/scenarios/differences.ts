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
];
