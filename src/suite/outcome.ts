/** What was observed of one case, and the comparison with what the suite expects. Text is UTF-8, replaced where invalid. */
import { mismatch } from './match.ts';
import type { Expectation, Matcher } from './schema.ts';

export interface ObservedMessage {
  /** Name → values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly bodyBytes: number;
  readonly trailers: ReadonlyMap<string, readonly string[]>;
}

export interface Outcome {
  /** What reached the upstream; undefined when nothing did. */
  readonly upstream: ObservedMessage | undefined;
  /** What reached the client; undefined when the stream was reset or never answered. */
  readonly response: ObservedMessage | undefined;
  /** Why there is no whole response: Envoy's response-code detail, or that the filter paused for ever. */
  readonly details: string | undefined;
  readonly logs: readonly string[];
  readonly metrics: ReadonlyMap<string, number>;
  readonly callouts: readonly { readonly cluster: string; readonly request: ObservedMessage }[];
}

/** Everything that differs, one line each; empty when the case passed. */
export function compare(expected: Expectation, outcome: Outcome): string[] {
  const found: (string | undefined)[] = [];
  if (expected.upstream === null) {
    if (outcome.upstream) found.push('upstream: must not be asked, but was');
  } else if (expected.upstream) {
    const { method, path, authority, ...rest } = expected.upstream;
    const pseudo = {
      ...(method !== undefined && { ':method': method }),
      ...(path !== undefined && { ':path': path }),
    };
    const headers = {
      ...pseudo,
      ...(authority !== undefined && { ':authority': authority }),
      ...rest.headers,
    };
    found.push(...compareMessage('upstream', { ...rest, headers }, outcome.upstream));
  }
  if (expected.response === null) {
    if (outcome.response)
      found.push(`response: there must be none, but it is ${statusOf(outcome.response) ?? ''}`);
  } else if (expected.response) {
    const { status, details, ...rest } = expected.response;
    const headers = { ...(status !== undefined && { ':status': String(status) }), ...rest.headers };
    if (details !== undefined) found.push(mismatch('response details', details, outcome.details));
    found.push(...compareMessage('response', { ...rest, headers }, outcome.response, outcome.details));
  }
  for (const line of expected.logs ?? []) {
    if (!outcome.logs.some(log => mismatch('', line, log) === undefined)) {
      found.push(mismatch('logs', line, outcome.logs.join('\n')) ?? 'logs: no line fits');
    }
  }
  for (const [name, value] of Object.entries(expected.metrics ?? {})) {
    const observed = outcome.metrics.get(name);
    if (observed !== value)
      found.push(`metric ${name}: expected ${value}, got ${observed ?? 'no such metric'}`);
  }
  if (expected.callouts) found.push(...compareCallouts(expected.callouts, outcome));
  return found.filter(line => line !== undefined);
}

function compareCallouts(
  expected: NonNullable<Expectation['callouts']>,
  outcome: Outcome,
): (string | undefined)[] {
  if (expected.length !== outcome.callouts.length) {
    return [`callouts: expected ${expected.length}, got ${outcome.callouts.length}`];
  }
  return expected.flatMap(({ cluster, path, ...rest }, index) => {
    const call = outcome.callouts[index];
    const headers = { ...(path !== undefined && { ':path': path }), ...rest.headers };
    return [
      mismatch(`callout ${index + 1} cluster`, cluster, call?.cluster),
      ...compareMessage(`callout ${index + 1}`, { ...rest, headers }, call?.request),
    ];
  });
}

interface ExpectedMessage {
  readonly headers?: Readonly<Record<string, Matcher>> | undefined;
  readonly body?: Matcher | undefined;
  readonly trailers?: Readonly<Record<string, Matcher>> | undefined;
}

function compareMessage(
  what: string,
  expected: ExpectedMessage,
  observed: ObservedMessage | undefined,
  why?: string,
): (string | undefined)[] {
  if (!observed) return [`${what}: there is none${why === undefined ? '' : ` (${why})`}`];
  const pick = (map: ReadonlyMap<string, readonly string[]>, name: string): string | undefined =>
    map.get(name.toLowerCase())?.join(', ');
  return [
    ...Object.entries(expected.headers ?? {}).map(([name, value]) =>
      mismatch(`${what} header ${name}`, value, pick(observed.headers, name)),
    ),
    ...(expected.body === undefined
      ? []
      : [
          mismatch(
            `${what} body`,
            expected.body,
            expected.body === null && observed.body === '' ? undefined : observed.body,
          ),
        ]),
    ...Object.entries(expected.trailers ?? {}).map(([name, value]) =>
      mismatch(`${what} trailer ${name}`, value, pick(observed.trailers, name)),
    ),
  ];
}

function statusOf(message: ObservedMessage): string | undefined {
  return message.headers.get(':status')?.[0];
}
