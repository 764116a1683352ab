/** Names of filters, variables and configuration keys that are also members of every object of JavaScript. */
import { expect, it } from 'vitest';
import { plain } from '../../../src/targets/annotated-document.ts';
import { makeIntent } from '../../../src/targets/make-intent.ts';
import { putItem, takeItem } from '../../../src/targets/kubernetes/shared.ts';

const names = ['constructor', 'toString', '__proto__'];

/** Returns an object whose list has an item of another tool. */
function foreign(id: string): Parameters<typeof takeItem>[0] {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'b' },
    spec: { filters: [{ name: id }] },
  };
}

it('a configuration keeps the key __proto__ with its value', () => {
  const text = '{"a":{"__proto__":{"b":1},"constructor":2}}';
  expect(JSON.stringify(plain(JSON.parse(text) as Parameters<typeof plain>[0]))).toBe(text);
});

it('--env keeps a variable that is called __proto__', async () => {
  const source = { code: { from: 'proxy-file', path: '/f.wasm', digest: undefined } } as const;
  const { env } = await makeIntent(
    { env: ['__proto__=1', 'constructor=2'] },
    { ...source, name: 'f', project: undefined, bytes: undefined, extracted: false, rootIds: [] },
    undefined,
    undefined,
    '/',
  );
  expect(Object.entries(env)).toEqual([
    ['__proto__', '1'],
    ['constructor', '2'],
  ]);
});

it.each(names)('undeploy leaves a foreign filter that is called %s in place', id => {
  expect(takeItem(foreign(id), ['spec', 'filters'], id)).toEqual([]);
});

it.each(names)('deploy refuses to replace a foreign filter that is called %s', id => {
  const edit = { list: ['spec', 'filters'], id, hash: 'h', item: { name: id } };
  expect(() => putItem(foreign(id), edit, false)).toThrow('was not deployed by this wasme');
});
