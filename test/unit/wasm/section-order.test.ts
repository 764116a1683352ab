/** Modules whose sections are out of order; test/real/host/verify-envoy.test.ts asks Envoy about the same bytes. */
import { expect, it } from 'vitest';
import { parseModule } from '../../../src/wasm/module.ts';
import { compileWat } from '../../helpers/guests/guests.ts';
import { filterText, withCutNames } from '../../helpers/guests/images.ts';

const smallest = compileWat(filterText());

it.each([
  ['a section twice', '0a0100', 'Failed to load Wasm bytecode: the code section comes twice'],
  [
    'a type section after the code',
    '010100',
    'Failed to load Wasm bytecode: the type section comes after the code section',
  ],
])('a module with %s is refused as by Envoy', (_title, hex, says) => {
  expect(() => parseModule(Buffer.concat([smallest, Buffer.from(hex, 'hex')]))).toThrow(
    expect.objectContaining({
      code: 'WASM_INVALID',
      message: expect.stringContaining(says) as string,
    }) as Error,
  );
});

it('a module with a name section that is cut is refused as by Envoy, which reads the first one only', () => {
  expect(() => parseModule(withCutNames(smallest))).toThrow('Failed to parse corrupted Wasm module');
  const second = Buffer.concat([smallest, Buffer.from('0009046e616d6501c80109', 'hex')]);
  expect(parseModule(second).customSections.map(({ name }) => name)).toEqual(['name', 'name']);
});
