/** Holds the outcome of a scenario that is compared between our host and Envoy, without values that differ from run to run. */
import type { Pairs } from '../guests/probe/script.ts';

export interface Outcome {
  readonly responses: readonly ResponseSeen[];
  readonly upstream: readonly RequestSeen[];
  readonly callouts: readonly (RequestSeen & { readonly cluster: string })[];
  /** Logs of the guests from the first stream on, `plugin: message`; start-up runs more than once in Envoy. */
  readonly logs: readonly string[];
  /** Logs of the guests before the first stream, each line once. */
  readonly startLogs: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

export interface ResponseSeen {
  readonly status: number;
  readonly headers: Pairs;
  readonly body: string;
  readonly trailers: Pairs;
  /** `complete`; `cut`: the connection ended in the middle; `none`: it ended without a head; `open`: still waiting. */
  readonly end: 'complete' | 'cut' | 'none' | 'open';
}

export interface RequestSeen {
  readonly method: string;
  readonly path: string;
  readonly headers: Pairs;
  readonly body: string;
  readonly trailers: Pairs;
  readonly end: 'complete' | 'cut';
}

const volatileHeaders = new Set(['date', 'x-request-id', 'x-envoy-upstream-service-time']);

/** Raw header list (name, value, name, value …) → pairs with volatile values masked. Order and case of values kept. */
export function seenHeaders(raw: readonly string[]): Pairs {
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    pairs.push([name, volatileHeaders.has(name) ? '*' : maskText(value)]);
  }
  return pairs;
}

/** Ports, request ids, dates and durations in text (the guest prints bytes above and below ASCII as \\xx). */
export function maskText(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:*')
    .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '<date>')
    .replace(/(x-envoy-upstream-service-time\\00)\d+/g, '$1<ms>')
    .replace(/\\1d\\00\\00\\00\\0\d\\00\\00\\00/g, '\\1d\\00\\00\\00\\0*\\00\\00\\00')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>');
}
