/** A row of the ABI table has its counterparts outside `src/`: a test that calls it, and the C++ SDK of the templates. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostFunctions } from '../../../src/wasm/functions.ts';
import { root } from '../../helpers/tree.ts';

const names = [...hostFunctions.keys()];

describe('each host function', () => {
  it('is called by name in a scenario or a unit test of the host', () => {
    const folders = ['test/scenarios', 'test/unit/host'].map(folder => join(root, folder));
    const text = folders
      .flatMap(folder =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
      )
      .filter(path => path.endsWith('.ts'))
      .map(path => readFileSync(path, 'utf8'))
      .join('\n');
    // Scenarios call functions without their prefix.
    const isCalled = (name: string): boolean =>
      new RegExp(`call\\(\\s*['"\`](?:proxy_)?${name.replace('proxy_', '')}['"\`]`).test(text);
    expect(
      names.filter(name => !isCalled(name)),
      'call these in a scenario of test/scenarios/ or in a test of test/unit/host/',
    ).toEqual([]);
  });

  // envoy_resolve_dns is Envoy's own and in no SDK.
  const inSdk = [...hostFunctions.values()]
    .filter(({ name, abis }) => abis.includes('0.2.1') && name.startsWith('proxy_'))
    .map(({ name }) => name);

  it.each([
    ['templates/cpp/sdk/proxy_wasm_externs.h', (name: string) => `PROXY_WASM_IMPORT(${name})`],
    ['templates/cpp/sdk/proxy_wasm.imports', (name: string) => `\n${name}\n`],
    ['templates/cpp/test/fake_proxy.h', (name: string) => `WasmResult ${name}(`],
  ])('of ABI 0.2.1 is in %s', (path, declared) => {
    const text = readFileSync(join(root, path), 'utf8');
    expect(
      inSdk.filter(name => !text.includes(declared(name))),
      `${path} lacks these functions`,
    ).toEqual([]);
  });
});
