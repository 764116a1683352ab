/** The shape of a test suite file (*.test.yaml, *.test.yml, *.test.json): what is sent, what answers, what must come out. */
import { z } from 'zod';
import { patternFault } from '../expectations/pattern.ts';

const text = z.string();
/** One value or several of the same name, in order. */
const headers = z.record(z.string(), z.union([text, z.array(text)]));

/** A regular expression as RE2 has them. */
const pattern = text.superRefine((value, context) => {
  const fault = patternFault(value);
  if (fault !== undefined)
    context.addIssue({ code: 'custom', message: `invalid regular expression: ${fault}` });
});

/** Equal to a text, to a file (relative to the suite) or as JSON; or with a text or a match of a regular expression in it. */
const conditions = [
  text,
  z.strictObject({ contains: text }),
  z.strictObject({ matches: pattern }),
  z.strictObject({ json: z.unknown() }),
  z.strictObject({ file: text }),
] as const;
const condition = z.union(conditions);
const conditionList = z.array(condition).min(1);

/** null: the value must be absent. A list: every condition must hold. */
const matcher = z.union([...conditions, z.null(), conditionList]);

const message = {
  headers: headers.optional(),
  body: text.optional(),
  /** The body in these pieces instead of one. */
  chunks: z.array(text).optional(),
  trailers: headers.optional(),
};

const request = z.strictObject({
  method: text.optional(),
  path: text.optional(),
  authority: text.optional(),
  scheme: text.optional(),
  ...message,
});

const answer = z.strictObject({ status: z.int().min(100).max(599).optional(), ...message });

/** Describes how a cluster answers one call-out: with a response, or in one of the ways a call-out fails. */
const callout = z.union([
  answer,
  z.strictObject({ fails: z.enum(['timeout', 'refused', 'reset', 'unavailable']) }),
]);

const expectedMessage = {
  headers: z.record(z.string(), matcher).optional(),
  body: matcher.optional(),
  trailers: z.record(z.string(), matcher).optional(),
};

const expectation = z
  .strictObject({
    /** The filter must not start: it refuses its configuration or traps. No request is sent. */
    refused: z.literal(true).optional(),
    /** Message that the upstream received; null: it must not have been asked. */
    upstream: z
      .union([
        z.null(),
        z.strictObject({
          method: matcher.optional(),
          path: matcher.optional(),
          authority: matcher.optional(),
          ...expectedMessage,
        }),
      ])
      .optional(),
    response: z
      .union([
        z.null(),
        z.strictObject({ status: z.int().optional(), details: matcher.optional(), ...expectedMessage }),
      ])
      .optional(),
    /** Each must match at least one log line of the filter; with `absent`, none. */
    logs: z.array(z.union([...conditions, conditionList, z.strictObject({ absent: condition })])).optional(),
    /** Values after the case. */
    metrics: z.record(z.string(), z.number()).optional(),
    /** Call-outs that were made, in order. */
    callouts: z
      .array(z.strictObject({ cluster: text, path: matcher.optional(), ...expectedMessage }))
      .optional(),
  })
  .refine(({ refused, upstream, response }) => refused !== true || (!upstream && !response), {
    message: 'a filter that is refused sees no request: leave out upstream and response',
    path: ['refused'],
  });

const testCase = z.strictObject({
  name: z.string().min(1),
  /** Configuration of this case instead of the suite's. The case then gets a filter of its own. */
  configuration: z.unknown().optional(),
  request: request.optional(),
  /** Answer of the upstream. Default: 200 with an empty body. */
  upstream: answer.optional(),
  /** Per cluster, one answer for each call in order; the last one is used again. */
  callouts: z.record(z.string(), z.union([callout, z.array(callout).min(1)])).optional(),
  /** Virtual milliseconds that pass once the request is under way: ticks and timeouts happen. */
  advanceMs: z.int().positive().max(86_400_000).optional(),
  expect: expectation.optional(),
});

export const suiteSchema = z.strictObject({
  $schema: text.optional(),
  /** Plugin configuration: a text as it is, anything else as JSON. Default: that of wasme.json. */
  configuration: z.unknown().optional(),
  /** Module, relative to the file. Default: the project's build. */
  module: text.optional(),
  cases: z.array(testCase).min(1),
});

export type Suite = z.infer<typeof suiteSchema>;
export type Case = z.infer<typeof testCase>;
export type Expectation = z.infer<typeof expectation>;
export type Matcher = z.infer<typeof matcher>;
export type Condition = z.infer<typeof condition>;
export type Answer = z.infer<typeof answer>;
export type Callout = z.infer<typeof callout>;
export type Request = z.infer<typeof request>;

/** The JSON Schema (2020-12) of a suite file, for editors. */
export function suiteJsonSchema(): Record<string, unknown> {
  return { title: 'wasme test suite', ...z.toJSONSchema(suiteSchema, { io: 'input' }) };
}
