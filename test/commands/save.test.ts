/** `wasme save`: what is in the archive, and what is refused before a byte is written. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';

const first = 'registry.example/team/a:v1';
const second = 'registry.example/team/b:v2';

describe('save', () => {
  it('writes several images into one file with the same bytes every time', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('convert', 'm.wasm', first);
    await machine.wasme('convert', 'm.wasm', second, '--layout', 'hybrid');
    const { exitCode, stdout } = await machine.wasme('save', first, second, '-o', 'images.tar');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^images\.tar \(.* kB\)\nregistry\.example\/team\/a:v1 {2}sha256:\w+\nregistry.example\/team\/b:v2 {2}sha256:\w+\n$/,
    );
    const bytes = readFileSync(join(machine.cwd, 'images.tar'));
    expect((await machine.wasme('save', first, second, '-o', 'new/folder/images.tar')).exitCode).toBe(0);
    expect(readFileSync(join(machine.cwd, 'new', 'folder', 'images.tar')).equals(bytes)).toBe(true);
    expect((await machine.wasme('save', first, second, '-o', 'images.tar', '--force')).exitCode).toBe(0);
    expect(readFileSync(join(machine.cwd, 'images.tar')).equals(bytes)).toBe(true);
  });

  it('writes the same bytes to standard output as to a file', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('convert', 'm.wasm', first);
    await machine.wasme('save', first, '-o', 'images.tar');
    const { exitCode, stdout } = await machine.wasme('save', first, '-o', '-');
    expect(exitCode).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(readFileSync(join(machine.cwd, 'images.tar')))).toBe(true);
  });

  it.each([
    [[first], 2, 'USAGE'],
    [['-o', 'x.tar'], 2, 'USAGE'],
    [[first, '-o', 'there.tar'], 1, 'FILE_EXISTS'],
    [['UPPER', '-o', 'x.tar'], 2, 'REFERENCE_INVALID'],
  ])('%j: exit %i, %s', async (argv, exit, code) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'there.tar'), 'mine');
    const { exitCode, stderr } = await machine.wasme('save', ...argv);
    expect({ exitCode }).toEqual({ exitCode: exit });
    expect(stderr).toContain(`error[${code}]`);
    expect(readdirSync(machine.cwd)).toEqual(['there.tar']);
  });
});
