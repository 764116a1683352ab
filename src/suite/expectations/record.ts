/** The expectation that a case without one gets from an update: what the filter did to the two messages. */
import type { ObservedMessage, CaseOutcome } from '../outcome.ts';
import type { Case } from '../file/schema.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Headers that every request of a suite has by default. */
const given = new Set(['x-forwarded-proto', 'x-request-id']);

/** Plain data for `expect`. */
export function recordedExpectation(
  { request = {}, upstream: answer = {} }: Case,
  outcome: CaseOutcome,
): unknown {
  const { upstream, response, callouts } = outcome;
  const sent = (request.chunks ?? [request.body ?? '']).join('');
  return {
    upstream:
      upstream === undefined
        ? null
        : {
            path: value(upstream, ':path'),
            ...headersOf(upstream, request.headers ?? {}),
            ...(upstream.body === sent ? {} : { body: upstream.body }),
          },
    response:
      response === undefined
        ? null
        : {
            status: Number(value(response, ':status')),
            ...headersOf(response, upstream === undefined ? {} : (answer.headers ?? {})),
            ...(response.body === '' ? {} : { body: response.body }),
          },
    ...(callouts.length === 0
      ? {}
      : {
          callouts: callouts.map(({ cluster, request: call }) => ({ cluster, path: value(call, ':path') })),
        }),
  };
}

/** Those that are new or different, and null for those that are gone. */
function headersOf(
  message: ObservedMessage,
  before: Headers,
): { headers?: Readonly<Record<string, string | null>> } {
  const old = new Map(
    Object.entries(before).map(([name, text]) => [name.toLowerCase(), [text].flat().join(', ')]),
  );
  const headers = Object.create(null) as Record<string, string | null>;
  for (const [name, values] of message.headers) {
    if (name.startsWith(':') || given.has(name)) continue;
    const text = values.join(', ');
    if (old.get(name) !== text) headers[name] = text;
  }
  for (const name of old.keys()) if (!message.headers.has(name)) headers[name] = null;
  return Object.keys(headers).length === 0 ? {} : { headers };
}

function value(message: ObservedMessage, name: string): string {
  return message.headers.get(name)?.[0] ?? '';
}
