/** The foreign functions expr_create, expr_evaluate, expr_delete beyond what scenarios show: caps, traces, when they are loaded. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../../src/host/cel/compile.ts';
import { parse } from '../../../../src/host/cel/syntax/parser.ts';
import { serialize } from '../../../../src/host/cel/serialize.ts';
import { SyntaxFailure } from '../../../../src/host/cel/syntax/syntax-tree.ts';
import { Failure, type Result } from '../../../../src/host/cel/values.ts';
import { maxExpressionItems, maxKeptExpressionBytes } from '../../../../src/host/limits.ts';
import { newestProfile, type TraceEvent } from '../../../../src/host/index.ts';
import { get, openStream } from '../../../helpers/guests/test-environment.ts';
import { type Guest, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

const shape = { extra: '(data (i32.const 48) "expr_create")' };
const token = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0);

/** What `act` gives in the request headers. */
async function inRequest<T>(
  act: (guest: Guest) => T,
  options: Parameters<typeof scriptedGuest>[1] = { shape },
): Promise<T | undefined> {
  let given: T | undefined;
  const { host, plugin } = await scriptedGuest(
    {
      request_headers: guest => {
        given = act(guest);
      },
    },
    options,
  );
  openStream(host, [plugin]).stream.decodeHeaders(get('/p'), true);
  return given;
}

function value(text: string): Result {
  const code = compile(parse(text, newestProfile), newestProfile);
  return code({ lookup: () => undefined, variables: [], steps: 0, items: 0 });
}

function reason(text: string): string {
  const result = value(text);
  if (!(result instanceof Failure)) throw new Error(`${text} did not fail`);
  return result.reason;
}

describe('expressions', () => {
  it('P21 P24 of a module that names none are unknown, and the trace says why', async () => {
    const events: TraceEvent[] = [];
    // A name that is put together at run time is not seen.
    const status = await inRequest(guest => guest.foreign('expr_'.concat('evaluate'), token(0)), {
      onTrace: event => void events.push(event),
    });
    expect(status).toBe(1);
    const why = events.flatMap(event => (event.kind === 'call' ? [event.explanation] : []));
    expect(why).toContainEqual(expect.stringContaining('have the text expr_create among their constants'));
  });

  it('P21 without room in the guest: no token, and no number in memory', async () => {
    const seen = await inRequest(guest => {
      (guest.exports['refuse'] as { value: number }).value = 1;
      return guest.foreign('expr_create', '1');
    });
    expect(seen).toBe(6);
  });

  it('P22 the trace shows texts, tokens and values, and why something failed', async () => {
    const lines: string[] = [];
    await inRequest(
      guest => {
        guest.foreign('expr_create', 'request.headers["x"]');
        guest.foreign('expr_evaluate', token(0));
        guest.foreign('expr_create', '{"path": request.path, "n": [1, 2u, 1.5, duration("1s")]}');
        guest.foreign('expr_evaluate', token(1));
        guest.foreign('expr_create', 'request.path ==');
        guest.foreign('expr_create', 'lower(request.path)');
        guest.foreign('expr_create', 'null');
        guest.foreign('expr_evaluate', token(3));
        guest.foreign('expr_evaluate', token(9));
        guest.foreign('expr_evaluate', 'x');
        guest.foreign('expr_delete', token(1));
      },
      {
        shape,
        onTrace: event => {
          if (event.kind !== 'call' || !event.arguments.includes('expr_')) return;
          const why = event.explanation === undefined ? '' : ` (${event.explanation})`;
          lines.push(`${event.arguments} = ${event.status} ${event.results}${why}`.trim());
        },
      },
    );
    expect(lines).toEqual([
      'name="expr_create" expression="request.headers[\\"x\\"]" = Ok token=0',
      'name="expr_evaluate" token=0 expression="request.headers[\\"x\\"]" = InternalFailure  (no such key: x)',
      'name="expr_create" expression="{\\"path\\": request.path, \\"n\\": [1, 2u, 1.5, duration(\\"1s\\")]}" = Ok token=1',
      'name="expr_evaluate" token=1 expression="{\\"path\\": request.path, \\"n\\": [1, 2u, 1.5, duration(\\"1s\\")]}" = Ok value={"path": "/p", "n": [1, 2u, 1.5, duration("1s")]}',
      'name="expr_create" expression="request.path ==" = BadArgument  (the end where a value was expected)',
      'name="expr_create" expression="lower(request.path)" = BadArgument  (no function lower takes 1 arguments)',
      'name="expr_create" expression="null" = Ok token=3',
      'name="expr_evaluate" token=3 expression="null" = SerializationFailure  (the value cannot be given to a guest: it is a null, a type, a whole group of attributes, or too large)',
      'name="expr_evaluate" arguments="\\t..." = NotFound  (no expression has the token 9 (any more))',
      'name="expr_evaluate" arguments="x" = BadArgument  (a token is 4 bytes, these are 1)',
      'name="expr_delete" token=1 = Ok',
    ]);
  });

  it('P25 a root keeps so much of them; deleted ones make room', async () => {
    const seen = await inRequest(guest => {
      const text = `1${' '.repeat(49_999)}`;
      const statuses: (number | string)[] = [];
      const fits = Math.floor(maxKeptExpressionBytes / text.length);
      for (let i = 0; i < fits; i++) guest.foreign('expr_create', text);
      statuses.push(guest.foreign('expr_create', text), guest.foreign('expr_delete', token(3)));
      return [...statuses, typeof guest.foreign('expr_create', text), guest.foreign('expr_create', text)];
    });
    expect(seen).toEqual([10, '', 'string', 10]);
  });

  it('P25 an evaluation makes so many items, and texts of so many bytes', () => {
    const list = (count: number): string => `[${Array.from({ length: count }, () => '1').join()}]`;
    expect(reason(`${list(1000)}.map(x, ${list(2000)})`)).toContain(`at most ${maxExpressionItems} items`);
    expect(reason(`${list(5000)}.map(x, ${list(400)} + ${list(400)})`)).toContain('items');
    const text = `"${'a'.repeat(50_000)}"`;
    const twice = (inner: string): string => `[${inner}].map(x, x + x)[0]`;
    expect(value(`${twice(twice(twice(text)))}.size()`)).toBe(400_000n);
    const eight = (inner: string): string => `[${inner}].map(x, x+x+x+x+x+x+x+x)[0]`;
    expect(reason(`${eight(eight(eight(eight(text))))}.size()`)).toContain('bytes long');
  });

  it('P25 a pattern is weighed before it is compiled', () => {
    for (const pattern of [
      '(?:a{1000}){1000}',
      '((a{100}){100}){100}',
      `(${'[a-z]\\\\d.'.repeat(500)}){1000}`,
    ]) {
      expect(reason(`"a".matches("${pattern}")`), pattern).toMatch(/too large|invalid repeat|no pattern/);
    }
    expect(value('"a{99999999}".matches("^a\\\\{9{8}}$")')).toBe(true);
    expect(value(`"${'a'.repeat(20_000)}".matches("(a|aa|aaa)*b")`)).toBe(false);
  });
});

describe('hostile expressions', () => {
  /** Numbers that look random and are the same in every run. */
  function* random(seed: number): Generator<number, never> {
    for (let state = seed; ; state = (state * 1_103_515_245 + 12_345) % 2 ** 31) yield state / 2 ** 31;
  }

  const leaves =
    '1 0 -1 2u 1.5 0.0 "a" "" b"x" true false null x request [] {} "1h" "2024-01-02T03:04:05Z" "Europe/Berlin" "+01:00" int ' +
    '9223372036854775807 1e308 "(a+)+" {"a": 1} [1, "a", 2.5] timestamp(0) duration("90m") [0, 1, 2, 3, 4, 5, 6, 7]';
  const forms =
    'A+B A-B A*B A/B A%B A<B A<=B A==B A!=B A&&B A||B A?B:C !A -A (A) [A,B] {A:B} A[B] A.a has(A.a) A[0] (A)in(B) size(A) A.size() ' +
    'int(A) uint(A) double(A) string(A) bool(A) bytes(A) type(A) timestamp(A) duration(A) dyn(A) A.contains(B) A.matches(B) ' +
    'A.getHours() A.getHours(B) A.getFullYear() A.map(x,B) A.map(x,B,C) A.all(x,B) A.exists(x,B) A.exists_one(x,B) A.filter(x,B)';
  const pieces = [
    '( ) [ ] { } , : . ? ! - + * / % < <= == in && || has( .map(x, .all( size( `a` \\ \' " // 0x ..',
    leaves,
  ];

  it('P25 40,000 of them are refused, fail or have a value: nothing else', () => {
    const numbers = random(42);
    const pick = (from: readonly string[]): string =>
      from[Math.floor(numbers.next().value * from.length)] as string;
    const [leafList, formList] = [leaves.split(/ (?![^["({]*[\])}])/), forms.split(' ')];
    const tree = (depth: number): string =>
      depth === 0
        ? pick(leafList)
        : pick(formList).replace(/[ABC]/g, () => tree(numbers.next().value < 0.4 ? 0 : depth - 1));
    const soup = (): string => Array.from({ length: 8 }, () => pick(pieces.join(' ').split(' '))).join(' ');
    const outcomes = { refused: 0, failed: 0, valued: 0 };
    for (let round = 0; round < 40_000; round++) {
      const text = round % 4 === 0 ? soup() : tree(4);
      try {
        const result = value(text);
        if (!(result instanceof Failure)) serialize(result);
        outcomes[result instanceof Failure ? 'failed' : 'valued']++;
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw new Error(`${text}: ${String(error)}`, { cause: error });
        outcomes.refused++;
      }
    }
    expect(Object.values(outcomes).filter(count => count < 1000)).toEqual([]);
  });
});
