/** Values written into suite files: everything else of the text stays. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { spliceSuite } from '../../../../src/suite/file/splice.ts';
import { hostileTexts, rawInYaml } from '../../../helpers/hostile-texts.ts';

const at = (...path: (string | number)[]) => ['cases', 0, 'expect', ...path];

describe('a value that is there', () => {
  it.each([
    ['plain', 'body: done # c', 'body: other # c', 'other'],
    ['plain that needs quotes', 'body: done', 'body: "404"', '404'],
    ['double quoted', 'body: "done" # c', 'body: "a\\n\\"b\\"" # c', 'a\n"b"'],
    ['single quoted', "body: 'done'", "body: 'it''s'", "it's"],
    ['single quoted, several lines', "body: 'done'", 'body: "a\\nb"', 'a\nb'],
    ['in a flow map', '{ body: done, status: 200 }', '{ body: "a, b }", status: 200 }', 'a, b }'],
    ['none', 'body: done', 'body: null', null],
    ['a number', 'body: 1', 'body: 404', 404],
    ['JSON', 'body: { json: { a: 1 } } # c', 'body: { json: { b: [ 2 ] } } # c', { json: { b: [2] } }],
    [
      'a literal',
      'body: |\n          old\n        x: 1',
      'body: |\n          one\n\n          two\n        x: 1',
      'one\n\ntwo\n',
    ],
    [
      'a literal without end',
      'body: |\n          old\n        x: 1',
      'body: |-\n          one\n          two\n        x: 1',
      'one\ntwo',
    ],
    ['a literal that begins with a blank', 'body: |\n          old', 'body: " x\\n"', ' x\n'],
  ])('%s', (_what, before, after, value) => {
    const file = (text: string): string =>
      `# top\ncases:\n  - name: a # one\n    expect:\n      response:\n        ${text}\n      # end\n`;
    const whole = before.startsWith('{')
      ? (text: string) => file(text).replace(/response:\n +/, 'response: ')
      : file;
    const { text, done } = spliceSuite(whole(before), 'yaml', [{ path: at('response', 'body'), value }]);
    expect(text).toBe(whole(after));
    expect(done).toHaveLength(1);
  });

  it('a block becomes null, null becomes a map', () => {
    const source = `cases:
  - name: a
    expect:
      upstream: # asked
        method: GET
        path: /
      response: null # none
`;
    expect(
      spliceSuite(source, 'yaml', [
        { path: at('upstream'), value: null },
        { path: at('response'), value: { status: 200 } },
      ]).text,
    ).toBe(
      'cases:\n  - name: a\n    expect:\n      upstream: null\n      response: { status: 200 } # none\n',
    );
  });

  it('JSON stays JSON', () => {
    const source = '{\n  "cases": [{ "name": "a", "expect": { "response": { "body": "x" } } }]\n}\n';
    const { text } = spliceSuite(source, 'json', [{ path: at('response', 'body'), value: { json: [1] } }]);
    expect(text).toBe(source.replace('"x"', '{"json":[1]}'));
  });

  it('what an alias writes is left alone', () => {
    const source =
      'cases:\n  - { name: a, expect: &e { response: { status: 1 } } }\n  - { name: b, expect: *e }\n';
    const path = ['cases', 1, 'expect', 'response', 'status'];
    expect(spliceSuite(source, 'yaml', [{ path, value: 2 }])).toEqual({ text: source, done: [] });
  });
});

describe('an expectation that is not there', () => {
  const value = { upstream: { path: '/' }, response: { status: 200, body: 'a\nb\n' } };

  it.each([
    [
      'cases:\n  - name: a # one\n    request: { path: / } # two\n\n  # of b\n  - name: b\n',
      '# two\n    expect:\n',
    ],
    ['cases:\r\n  - name: a\r\n  - name: b\r\n', 'name: a\r\n    expect:\r\n'],
    ['cases:\n  - name: a', 'name: a\n    expect:\n'],
    ['cases: [{ name: a }, { name: b }]', '{ name: a, expect: { upstream:'],
    ['cases:\n  - {\n      name: a,\n    }\n', 'name: a, expect: {'],
    ['cases:\n  - {\n      name: a # c\n    }\n', 'expect'],
  ])('%j', (source, part) => {
    const { text } = spliceSuite(source, 'yaml', [{ path: at(), value }]);
    expect(text).toContain(part);
    const before = parse(source) as { cases: object[] };
    expect(parse(text)).toEqual({ cases: [{ ...before.cases[0], expect: value }, ...before.cases.slice(1)] });
    for (const comment of source.match(/#.*/g) ?? []) expect(text).toContain(comment);
  });
});

describe('texts that YAML readers disagree about are written as escapes', () => {
  it.each([
    ['plain', 'cases:\n  - expect: { }\n    body: old # c\n', 'yaml'],
    ['double quoted', 'cases:\n  - expect: { }\n    body: "old"\n', 'yaml'],
    ['single quoted', "cases:\n  - expect: { }\n    body: 'old'\n", 'yaml'],
    ['literal', 'cases:\n  - expect: { }\n    body: |\n      old\n', 'yaml'],
    ['in a flow map', 'cases: [{ expect: { }, body: old }]\n', 'yaml'],
    ['new in a block', 'cases:\n  - expect: { }\n', 'yaml'],
    ['new in a flow map', 'cases: [{ expect: { } }]\n', 'yaml'],
    ['JSON', '{ "cases": [{ "expect": {}, "body": "old" }] }', 'json'],
    ['new in JSON', '{ "cases": [{ "expect": {} }] }', 'json'],
  ] as const)('%s', (_style, source, format) => {
    for (const value of [
      ...hostileTexts(300),
      Object.fromEntries(hostileTexts(50).map(text => [text, text])),
    ]) {
      const { text } = spliceSuite(source, format, [{ path: ['cases', 0, 'body'], value }]);
      expect(rawInYaml.exec(text)?.[0], JSON.stringify(value)).toBeUndefined();
      const { cases } = parse(text) as { cases: { body: unknown }[] };
      expect(cases[0]?.body).toEqual(value);
      if (format === 'json') expect(JSON.parse(text)).toEqual(parse(text));
    }
  });
});
