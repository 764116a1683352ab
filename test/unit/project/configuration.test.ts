import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configurationBytes } from '../../../src/project/configuration.ts';
import { newMachine } from '../../helpers/cli/cli.ts';

it.each([
  ['nothing', undefined, ''],
  ['a text', '{"not": parsed', '{"not": parsed'],
  ['JSON, compact and in its order', { b: [1, 'ä'], a: null }, '{"b":[1,"ä"],"a":null}'],
  ['false', false, 'false'],
])('%s', async (_what, value, expected) => {
  expect(new TextDecoder().decode(await configurationBytes(value, '/'))).toBe(expected);
});

it('a file, byte for byte, relative to the folder', async () => {
  const { cwd } = newMachine();
  writeFileSync(join(cwd, 'c.bin'), Uint8Array.of(0, 255, 10));
  expect([...(await configurationBytes('@c.bin', cwd))]).toEqual([0, 255, 10]);
  await expect(configurationBytes('@no.bin', cwd)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});
