/** `wasme rm`: names go, and with them the bytes that nothing else needs. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';

const blobs = (machine: TestMachine): string[] =>
  readdirSync(join(machine.home, '.local', 'share', 'wasme', 'store', 'blobs', 'sha256'));

async function machineWithTwo(): Promise<TestMachine> {
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  await machine.wasme('convert', 'm.wasm', 'r.example/a:v1');
  await machine.wasme('convert', 'm.wasm', 'r.example/b:v1', '--layout', 'oci');
  await machine.wasme('tag', 'r.example/a:v1', 'r.example/a:stable');
  return machine;
}

describe('rm', () => {
  it('keeps blobs that another name needs', async () => {
    const machine = await machineWithTwo();
    expect(blobs(machine)).toHaveLength(6);
    expect((await machine.wasme('rm', 'r.example/a:stable')).stdout).toContain('removed r.example/a:stable');
    expect(blobs(machine)).toHaveLength(6);
    expect((await machine.wasme('rm', 'r.example/a:v1')).exitCode).toBe(0);
    expect(blobs(machine)).toHaveLength(3);
    expect((await machine.wasme('inspect', 'r.example/b:v1')).exitCode).toBe(0);
    expect((await machine.wasme('rm', '--all')).exitCode).toBe(0);
    expect(blobs(machine)).toEqual([]);
    expect((await machine.wasme('list')).stdout).toBe('');
  });

  it('removes nothing when one name does not exist, unless forced', async () => {
    const machine = await machineWithTwo();
    const outcome = await machine.wasme('rm', 'r.example/b:v1', 'r.example/typo:v1');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(
      'error[IMAGE_NOT_FOUND]: the local store has no image r.example/typo:v1',
    );
    expect(blobs(machine)).toHaveLength(6);
    const forced = await machine.wasme('rm', '--force', 'r.example/b:v1', 'r.example/typo:v1', '--json');
    expect(JSON.parse(forced.stdout)).toMatchObject({ removed: ['r.example/b:v1'], freed: { blobs: 3 } });
  });

  it('fails without a name', async () => {
    const { exitCode, stderr } = await newMachine().wasme('rm');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--all');
  });

  it('refuses --all together with a name', async () => {
    const machine = await machineWithTwo();
    const { exitCode, stderr } = await machine.wasme('rm', '--all', 'r.example/a:v1');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr:
        'error[USAGE]: --all cannot be combined with r.example/a:v1\nhelp: name the images, or use --all alone\n',
    });
    expect(blobs(machine)).toHaveLength(6);
  });
});
