/** `wasme tag`: a second name for the same digest. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListResult } from '../../src/list.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';

describe('tag', () => {
  it('adds a name to an image, and moves a name', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('convert', 'm.wasm', 'r.example/a:v1');
    await machine.wasme('convert', 'm.wasm', 'r.example/a:v2', '--layout', 'oci');
    expect((await machine.wasme('tag', 'r.example/a:v1', 'r.example/a:stable')).exitCode).toBe(0);
    expect((await machine.wasme('tag', 'r.example/a:v2', 'r.example/a:stable')).exitCode).toBe(0);
    const { images } = JSON.parse((await machine.wasme('list', '--json')).stdout) as ListResult;
    const byName = Object.fromEntries(images.map(image => [image.reference, image.digest]));
    expect(Object.keys(byName)).toEqual(['r.example/a:stable', 'r.example/a:v1', 'r.example/a:v2']);
    expect(byName['r.example/a:stable']).toBe(byName['r.example/a:v2']);
  });

  it.each([
    ['r.example/absent:v1', 'r.example/b:v1', 1, 'IMAGE_NOT_FOUND'],
    ['r.example/a:v1', `r.example/b@sha256:${'a'.repeat(64)}`, 2, 'REFERENCE_INVALID'],
    ['r.example/A:v1', 'r.example/b', 2, 'REFERENCE_INVALID'],
  ])('%s to %s fails', async (source, target, exitCode, code) => {
    const outcome = await newMachine().wasme('tag', source, target);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.stderr).toContain(`error[${code}]`);
  });
});
