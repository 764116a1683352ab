/** `wasme load`: from archives of ours and of others into the store; a damaged one changes nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/oci/layout.ts';
import { type World, newWorld } from '../helpers/cli.ts';
import { guest } from '../helpers/guests.ts';

const reference = 'registry.example/team/a:v1';

async function archived(world: World): Promise<string> {
  writeFileSync(join(world.cwd, 'm.wasm'), guest('deploy-tag'));
  await world.wasme('convert', 'm.wasm', reference);
  await world.wasme('save', reference, '-o', 'images.tar');
  return join(world.cwd, 'images.tar');
}

describe('load', () => {
  it('puts every image where its name says', async () => {
    const path = await archived(newWorld());
    const world = newWorld();
    const { exitCode, stdout } = await world.wasme('load', path);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^registry\.example\/team\/a:v1 {2}sha256:\w{64}\n$/);
    expect((await world.wasme('verify', reference, '--for', 'istio')).exitCode).toBe(0);
  });

  it('under another name', async () => {
    const world = newWorld();
    await archived(world);
    const { stdout } = await world.wasme('load', 'images.tar', '--tag', 'b/c:v2');
    expect(stdout).toMatch(/^docker\.io\/b\/c:v2 /);
  });

  it('that was changed on the way leaves the store as it was', async () => {
    const path = await archived(newWorld());
    const world = newWorld();
    const bytes = readFileSync(path);
    // The last blob lies before the two zero blocks that end the archive.
    const at = bytes.length - 1024 - 512;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(join(world.cwd, 'bad.tar'), bytes);
    const { exitCode, stderr } = await world.wasme('load', 'bad.tar');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error\[(DIGEST_MISMATCH|IMAGE_INVALID)\]/);
    expect(await openStore(world.edges).list()).toEqual([]);
  });

  it.each([
    ['nothing.tar', 'FILE_NOT_FOUND'],
    ['m.wasm', 'IMAGE_UNSUPPORTED'],
  ])('%s: %s', async (file, code) => {
    const world = newWorld();
    writeFileSync(join(world.cwd, 'm.wasm'), guest('deploy-tag').subarray(0, 100));
    const { exitCode, stderr } = await world.wasme('load', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[${code}]`);
  });
});
