/** Names that a module or a filter chooses, and that every object of JavaScript has: they are names like any other. */
import { expect, it } from 'vitest';
import { compile } from '../../../src/host/cel/compile.ts';
import { parse } from '../../../src/host/cel/syntax/parser.ts';
import { SyntaxFailure } from '../../../src/host/cel/syntax/syntax-tree.ts';
import { createHost, newStreamInfo, newestProfile } from '../../../src/host/index.ts';
import { durationField, timestampField } from '../../../src/host/cel/time/time.ts';
import { Duration, Failure, Timestamp } from '../../../src/host/cel/values.ts';
import { compileWat } from '../../helpers/guests/guests.ts';
import { TestEnvironment, get, openStream } from '../../helpers/guests/test-environment.ts';
import { scriptedGuest } from '../../helpers/guests/scripted-guest.ts';

const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', '__defineGetter__'];

const withImport = (imports: string): Uint8Array =>
  compileWat(`(module ${imports} (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024)))`);

it.each([
  ['__proto__', 'polluted'],
  ['constructor', 'keys'],
  ['constructor', '__proto__'],
  ['env', '__proto__'],
])('a module that imports the table %s.%s loads, and no object of the host changes', async (module, name) => {
  const { keys } = Object;
  const host = createHost({ environment: new TestEnvironment() });
  const code = withImport(`(import "${module}" "${name}" (table 1 funcref))`);
  await expect(host.loadPlugin(code, { name: 'p' })).resolves.toBeDefined();
  expect(Object.keys).toBe(keys);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
});

it.each(inherited)(
  'a function that no host has is a missing import, also when it is called %s',
  async name => {
    const host = createHost({ environment: new TestEnvironment() });
    for (const module of ['env', 'wasi_snapshot_preview1', '__proto__', 'constructor']) {
      await expect(
        host.loadPlugin(withImport(`(import "${module}" "${name}" (func))`), { name: 'p' }),
      ).rejects.toMatchObject({
        code: 'WASM_ABI',
        message: `Failed to load Wasm module due to a missing import: ${module}.${name}`,
      });
    }
  },
);

it('attributes that no group has are NotFound, also on a connection with TLS', async () => {
  const seen: unknown[] = [];
  const groups = ['connection', 'upstream', 'source', 'request', 'response', 'metadata', 'filter_state'];
  const tls = {
    version: 'TLSv1.3',
    mtls: false,
    subjectLocal: 'CN=a',
    subjectPeer: '',
    dnsSanLocal: '',
    dnsSanPeer: '',
    uriSanLocal: '',
    uriSanPeer: '',
    sha256Peer: '',
  };
  const downstream = { ...newStreamInfo().downstream, tls };
  const { host, plugin } = await scriptedGuest(
    {
      request_headers: guest => {
        for (const group of groups) for (const name of inherited) seen.push(guest.property(group, name));
        for (const name of inherited) seen.push(guest.property(name), guest.property('xds', 'node', name));
        seen.push(guest.property('connection', 'tls_version'));
      },
    },
    { host: { node: { id: 'n', cluster: 'c', metadata: {} } } },
  );
  const { stream } = openStream(host, [plugin], { info: { downstream, upstream: downstream } });
  stream.decodeHeaders(get('/'), true);
  expect(seen.pop()).toBe('TLSv1.3');
  expect([...new Set(seen)]).toEqual([1]);
});

it.each(inherited)('an expression knows neither a function nor a field %s', name => {
  const value = (text: string): unknown =>
    compile(
      parse(text, newestProfile),
      newestProfile,
    )({ lookup: () => undefined, variables: [], steps: 0, items: 0 });
  for (const target of ['timestamp(0)', 'duration("1s")', '"a"', '[1]', '{"a": 1}']) {
    expect(() => value(`${target}.${name}()`)).toThrow(SyntaxFailure);
    expect(value(`${target}.${name}`)).toBeInstanceOf(Failure);
  }
  expect(durationField(name, new Duration(1n))).toBeInstanceOf(Failure);
  expect(timestampField(name, new Timestamp(1n), undefined)).toBeInstanceOf(Failure);
});
