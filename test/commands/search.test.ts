/** `wasme search`: the catalogue of a real registry, and of one that has none. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { compileProbe } from '../helpers/guests/probe/compile.ts';
import { realRegistry } from '../helpers/servers/real-registry.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { describeWith } from '../helpers/tools.ts';

describeWith(['docker-registry'], 'wasme search', () => {
  it('lists all repositories, those of a team, and those whose name contains a text', async () => {
    const { host } = await realRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'f.wasm'), compileProbe({ callbacks: {} }));
    for (const name of ['team/headers', 'team/auth', 'other/headers']) {
      expect(await machine.wasme('push', `${host}/${name}:v1`, '--file', 'f.wasm')).toMatchObject({
        exitCode: 0,
      });
    }
    const search = async (...words: string[]) =>
      (await machine.wasme('search', ...words)).stdout.split('\n').filter(Boolean);
    expect(await search(host)).toEqual([
      `${host}/other/headers`,
      `${host}/team/auth`,
      `${host}/team/headers`,
    ]);
    expect(await search(`http://${host}/other/`)).toEqual([`${host}/other/headers`]);
    expect(await search(`${host}/team`)).toEqual([`${host}/team/auth`, `${host}/team/headers`]);
    expect(await search(host, 'headers')).toEqual([`${host}/other/headers`, `${host}/team/headers`]);
    const { stdout } = await machine.wasme('search', host, 'nothing-like-it', '--json');
    expect(JSON.parse(stdout)).toEqual({ registry: host, repositories: [] });
  });
});

describe('wasme search where there is no catalogue', () => {
  it('reports that the registry has no catalogue', async () => {
    const { host } = await fakeRegistry();
    const { exitCode, stderr } = await newMachine().wasme('search', host);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error\[REGISTRY_\w+\]: .*list the repositories/);
  });
});
