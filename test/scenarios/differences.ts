/** Where our host is known to differ from the recording, and why. A scenario listed here has to differ: mended ones go. */

/** `since` an Envoy version: only there. */
export interface Difference {
  readonly scenarios: readonly string[];
  readonly envoy: readonly ('1.36' | '1.40')[];
  readonly reason: string;
}

const both = ['1.36', '1.40'] as const;

export const differences: readonly Difference[] = [
  {
    scenarios: ['foreign-expressions'],
    envoy: both,
    reason:
      'Envoy evaluates CEL; the bundled host has no expressions, so the functions are unknown (status 1).',
  },
  {
    scenarios: ['property-in-log'],
    envoy: both,
    reason:
      'For a request that Envoy refuses before its filters run, on_log shows the headers as they came: without :scheme, with hop-by-hop ones.',
  },
];
