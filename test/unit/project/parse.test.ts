import { describe, expect, it } from 'vitest';
import { WasmeError } from '../../../src/errors.ts';
import { parseFile } from '../../../src/project/parse.ts';
import { projectSchema } from '../../../src/project/schema.ts';

function faultsOf(source: string): unknown {
  try {
    parseFile(source, 'wasme.json', projectSchema, { format: 'json', code: 'PROJECT_INVALID', hint: '' });
  } catch (error) {
    if (error instanceof WasmeError) return error.details?.['faults'];
    throw error;
  }
  return undefined;
}

describe('a faulty wasme.json is reported with line and column', () => {
  it('text that is neither JSON nor YAML is quoted in its first hundred characters only', () => {
    expect(faultsOf(`token:secret:0\n${'other:line:1\n'.repeat(50)}`)).toEqual([
      expect.stringMatching(
        /^wasme\.json:1:1: Unresolved plain scalar "token:secret:0 other:[^\n]{70,100}…$/,
      ) as string,
    ]);
  });

  it('the message has the first twenty faults and the number of the others, each cut after a thousand characters', () => {
    const fields = Array.from({ length: 30 }, (_, index) => `"f${index}": 1`);
    const text = `{"name": "a", "language": "${'x'.repeat(5000)}", ${fields.join(', ')}}`;
    let message = '';
    try {
      parseFile(text, 'wasme.json', projectSchema, { format: 'json', code: 'PROJECT_INVALID', hint: '' });
    } catch (error) {
      message = (error as Error).message;
    }
    const lines = message.split('\n');
    expect(lines).toHaveLength(21);
    expect(lines[0]).toMatch(/^wasme\.json:1:27: language: "x{900,}…$/);
    expect(lines.at(-1)).toBe('and 11 more');
  });

  it('a size that is not one, with examples', () => {
    expect(faultsOf('{"name": "a", "language": "rust", "build": {"sizeBudget": "lots"}}')).toEqual([
      'wasme.json:1:59: build.sizeBudget: it is a size such as 200000, "200 kB" or "1.5 MiB"',
    ]);
  });

  it('a value of the wrong kind', () => {
    expect(faultsOf('{\n  "name": "a",\n  "language": "cobol"\n}')).toEqual([
      'wasme.json:3:15: language: "cobol" is none of assemblyscript, rust, cpp, tinygo, go',
    ]);
    expect(faultsOf('{"name": "a", "language": "ruts", "rootId": 1}')).toEqual([
      'wasme.json:1:27: language: "ruts" is none of assemblyscript, rust, cpp, tinygo, go; did you mean "rust"?',
      expect.stringMatching(/^wasme\.json:1:45: rootId: .*string/),
    ]);
  });

  it('a field that does not exist, deep inside', () => {
    expect(faultsOf('{"name": "a", "language": "rust",\n "run": {\n   "prot": 80}}')).toEqual([
      'wasme.json:3:12: run.prot: there is no such field; did you mean "port"?',
    ]);
    expect(faultsOf('{"name": "a", "language": "rust", "a": 1,\n "b": 2}')).toEqual([
      'wasme.json:1:40: a: there is no such field',
      'wasme.json:2:7: b: there is no such field',
    ]);
  });

  it.each([
    ['{"nme": "a"}', 'nme', 'name'],
    ['{"config": {}}', 'config', 'configuration'],
    ['{"root_id": ""}', 'root_id', 'rootId'],
    ['{"deploy": {"envoy-gateway": {}}}', 'deploy.envoy-gateway', 'envoyGateway'],
    ['{"deploy": {"istio": {"lables": {}}}}', 'deploy.istio.lables', 'labels'],
    ['{"build": {"cpp": {"skd": "x"}}}', 'build.cpp.skd', 'sdk'],
  ])('%s: the field that was meant', (text, field, meant) => {
    expect(faultsOf(text)).toContainEqual(
      expect.stringMatching(`: ${field}: there is no such field; did you mean "${meant}"\\?$`),
    );
  });

  it('a missing field points at the object that lacks it', () => {
    expect(faultsOf('{"version": "a"}')).toEqual([
      'wasme.json:1:1: name: is missing; it is of type string',
      'wasme.json:1:1: language: is missing; it is one of assemblyscript, rust, cpp, tinygo, go',
    ]);
  });

  it('a name __proto__, which would vanish', () => {
    const text = (inner: string): string => `{"name": "a", "language": "rust",\n ${inner}}`;
    expect(faultsOf(text('"run": {"clusters": {"__proto__": "http://a"}}'))).toEqual([
      'wasme.json:2:36: run.clusters.__proto__: no name may be __proto__ here',
    ]);
    expect(faultsOf(text('"configuration": {"a": {"__proto__": 1}}'))).toBe(undefined);
  });

  it.each([
    ['lists in lists', '['.repeat(10_000)],
    ['objects in objects', '{"a":'.repeat(10_000)],
    ['blocks in blocks', '- '.repeat(10_000)],
    ['keys in keys', '? '.repeat(10_000)],
    ['lists in blocks', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ])('%s, deeper than the parser stands', (_, source) => {
    const parse = (): unknown =>
      parseFile(source, 'a.test.yaml', projectSchema, { format: 'yaml', code: 'SUITE_INVALID', hint: '' });
    expect(parse).toThrow('a.test.yaml: values are nested more than 256 deep');
  });

  it('several faults at once', () => {
    expect(faultsOf('{"name": "A b", "language": "rust", "run": {"port": 70000}}')).toHaveLength(2);
  });

  it('text that is not JSON', () => {
    expect(faultsOf('{"name": "a",\n "language" "rust"}')).toEqual([
      expect.stringMatching(/^wasme\.json:2:/),
    ]);
    // The place is said once.
    expect(faultsOf('{')).toEqual(['wasme.json:1:2: Flow map must end with a }']);
    expect(faultsOf('{"name": "a", "name": "b", "language": "rust"}')).toEqual([
      expect.stringMatching(/^wasme\.json:1:15: .*unique/i),
    ]);
  });

  it('a byte order mark is accepted', () => {
    expect(faultsOf('\uFEFF{"name": "a", "language": "rust"}')).toBeUndefined();
  });
});
