/** Compares what was observed with what the suite expects: returns the differences, and what an update would write instead. */
import { mismatch, recorded } from './match.ts';
import type { ObservedMessage, CaseOutcome } from '../outcome.ts';
import type { Expectation, Matcher } from '../file/schema.ts';

/** Keys from the case down. */
export type CasePath = readonly (string | number)[];

export interface Difference {
  /** One line for people. */
  readonly text: string;
  /** The value that was seen, where it stands for one of the suite. */
  readonly edit?: { readonly path: CasePath; readonly value: unknown } | undefined;
}

/** Everything that differs; empty when the case passed. */
export function compare(expected: Expectation, outcome: CaseOutcome): Difference[] {
  const found: Difference[] = [];
  if (expected.upstream === null) {
    const { upstream } = outcome;
    if (upstream) {
      const value = { method: first(upstream, ':method'), path: first(upstream, ':path') };
      found.push({ text: 'upstream: must not be asked, but was', edit: edit(['upstream'], value) });
    }
  } else if (expected.upstream) {
    const { method, path, authority, ...rest } = expected.upstream;
    const pseudo = { ':method': method, ':path': path, ':authority': authority };
    found.push(...compareMessage('upstream', ['upstream'], { ...rest, pseudo }, outcome.upstream));
  }
  if (expected.response === null) {
    const status = outcome.response && first(outcome.response, ':status');
    if (outcome.response) {
      const value = { status: Number(status) };
      const text = `response: there must be none, but it is ${status ?? ''}`;
      found.push({ text, edit: edit(['response'], value) });
    }
  } else if (expected.response) {
    const { status, details, ...rest } = expected.response;
    const pseudo = { ':status': status === undefined ? undefined : String(status) };
    const field = compareField('response details', ['response', 'details'], details, outcome.details);
    found.push(...field);
    const message = { ...rest, pseudo };
    found.push(...compareMessage('response', ['response'], message, outcome.response, outcome.details));
  }
  for (const line of expected.logs ?? []) {
    found.push(...compareLogs(line, outcome.logs));
  }
  for (const [name, value] of Object.entries(expected.metrics ?? {})) {
    const observed = outcome.metrics.get(name);
    if (observed === value) continue;
    const text = `metric ${name}: expected ${value}, got ${observed ?? 'no such metric'}`;
    found.push({ text, edit: observed === undefined ? undefined : edit(['metrics', name], observed) });
  }
  if (expected.callouts) found.push(...compareCallouts(expected.callouts, outcome));
  return found;
}

type LogExpectation = NonNullable<Expectation['logs']>[number];

function compareLogs(expected: LogExpectation, logs: readonly string[]): Difference[] {
  const find = (condition: Matcher): string | undefined =>
    logs.find(log => mismatch('', condition, log) === undefined);
  if (typeof expected === 'object' && 'absent' in expected) {
    const line = find(expected.absent);
    return line === undefined
      ? []
      : [{ text: `logs: a line must not be there, but is ${JSON.stringify(line)}` }];
  }
  if (find(expected) !== undefined) return [];
  return [{ text: mismatch('logs', expected, logs.join('\n')) ?? 'logs: no single line matches' }];
}

function compareCallouts(
  expected: NonNullable<Expectation['callouts']>,
  { callouts }: CaseOutcome,
): Difference[] {
  if (expected.length !== callouts.length) {
    const value = callouts.map(({ cluster, request }) => ({ cluster, path: first(request, ':path') }));
    const text = `callouts: expected ${expected.length}, got ${callouts.length}`;
    return [{ text, edit: edit(['callouts'], value) }];
  }
  return expected.flatMap(({ cluster, path, ...rest }, index) => {
    const call = callouts[index];
    const what = `callout ${index + 1}`;
    const at = ['callouts', index];
    return [
      ...compareField(`${what} cluster`, [...at, 'cluster'], cluster, call?.cluster),
      ...compareMessage(what, at, { ...rest, pseudo: { ':path': path } }, call?.request),
    ];
  });
}

interface ExpectedMessage {
  /** Their fields are called as they are, without the colon. */
  readonly pseudo: Readonly<Record<string, Matcher | undefined>>;
  readonly headers?: Readonly<Record<string, Matcher>> | undefined;
  readonly body?: Matcher | undefined;
  readonly trailers?: Readonly<Record<string, Matcher>> | undefined;
}

function compareMessage(
  what: string,
  at: CasePath,
  expected: ExpectedMessage,
  observed: ObservedMessage | undefined,
  why?: string,
): Difference[] {
  if (!observed) {
    // A call-out is a part of a list: it has no place for "none".
    const none = at.length === 1 ? edit(at, null) : undefined;
    return [{ text: `${what}: there is none${why === undefined ? '' : ` (${why})`}`, edit: none }];
  }
  const { pseudo, headers = {}, body, trailers = {} } = expected;
  const values = (map: ReadonlyMap<string, readonly string[]>, name: string): string | undefined =>
    map.get(name.toLowerCase())?.join(', ');
  return [
    ...Object.entries(pseudo).flatMap(([name, value]) => {
      const found = compareField(
        `${what} header ${name}`,
        [...at, name.slice(1)],
        value,
        values(observed.headers, name),
      );
      // A status is a number in the suite.
      return name === ':status' ? found.map(numbered) : found;
    }),
    ...Object.entries(headers).flatMap(([name, value]) =>
      compareField(`${what} header ${name}`, [...at, 'headers', name], value, values(observed.headers, name)),
    ),
    ...compareField(
      `${what} body`,
      [...at, 'body'],
      body,
      body === null && observed.body === '' ? undefined : observed.body,
    ),
    ...Object.entries(trailers).flatMap(([name, value]) =>
      compareField(
        `${what} trailer ${name}`,
        [...at, 'trailers', name],
        value,
        values(observed.trailers, name),
      ),
    ),
  ];
}

function compareField(
  what: string,
  at: CasePath,
  expected: Matcher | undefined,
  observed: string | undefined,
): Difference[] {
  const text = expected === undefined ? undefined : mismatch(what, expected, observed);
  if (text === undefined || expected === undefined) return [];
  const value = recorded(expected, observed);
  return [{ text, edit: value === undefined ? undefined : edit(at, value) }];
}

function numbered({ text, edit: old }: Difference): Difference {
  return { text, edit: old && { path: old.path, value: Number(old.value) } };
}

function edit(path: CasePath, value: unknown): { path: CasePath; value: unknown } {
  return { path: ['expect', ...path], value };
}

function first(message: ObservedMessage, name: string): string {
  return message.headers.get(name)?.[0] ?? '';
}
