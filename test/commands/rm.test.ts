/** `wasme rm`: names go, and with them the bytes that nothing else needs. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';

const blobs = (world: TestMachine): string[] =>
  readdirSync(join(world.home, '.local', 'share', 'wasme', 'store', 'blobs', 'sha256'));

async function worldWithTwo(): Promise<TestMachine> {
  const world = newMachine();
  writeFileSync(join(world.cwd, 'm.wasm'), guest('deploy-tag'));
  await world.wasme('convert', 'm.wasm', 'r.example/a:v1');
  await world.wasme('convert', 'm.wasm', 'r.example/b:v1', '--layout', 'oci');
  await world.wasme('tag', 'r.example/a:v1', 'r.example/a:stable');
  return world;
}

describe('rm', () => {
  it('keeps blobs that another name needs', async () => {
    const world = await worldWithTwo();
    expect(blobs(world)).toHaveLength(6);
    expect((await world.wasme('rm', 'r.example/a:stable')).stdout).toContain('removed r.example/a:stable');
    expect(blobs(world)).toHaveLength(6);
    expect((await world.wasme('rm', 'r.example/a:v1')).exitCode).toBe(0);
    expect(blobs(world)).toHaveLength(3);
    expect((await world.wasme('inspect', 'r.example/b:v1')).exitCode).toBe(0);
    expect((await world.wasme('rm', '--all')).exitCode).toBe(0);
    expect(blobs(world)).toEqual([]);
    expect((await world.wasme('list')).stdout).toBe('');
  });

  it('removes nothing when one name does not exist, unless forced', async () => {
    const world = await worldWithTwo();
    const outcome = await world.wasme('rm', 'r.example/b:v1', 'r.example/typo:v1');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(
      'error[IMAGE_NOT_FOUND]: the local store has no image r.example/typo:v1',
    );
    expect(blobs(world)).toHaveLength(6);
    const forced = await world.wasme('rm', '--force', 'r.example/b:v1', 'r.example/typo:v1', '--json');
    expect(JSON.parse(forced.stdout)).toMatchObject({ removed: ['r.example/b:v1'], freed: { blobs: 3 } });
  });

  it('fails without a name', async () => {
    const { exitCode, stderr } = await newMachine().wasme('rm');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--all');
  });

  it('refuses --all together with a name', async () => {
    const world = await worldWithTwo();
    const { exitCode, stderr } = await world.wasme('rm', '--all', 'r.example/a:v1');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr:
        'error[USAGE]: --all cannot be combined with r.example/a:v1\nhelp: name the images, or use --all alone\n',
    });
    expect(blobs(world)).toHaveLength(6);
  });
});
