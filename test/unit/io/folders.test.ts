/** Folders that are made for what is written, and those below which none can be made, in every verb that writes. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../../src/io/files/files.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { account, fakeRegistry } from '../../helpers/servers/registry.ts';

it('makeFolder creates folders once, returns the first new one, and fails with FILE_ACCESS if a file is in the way', async () => {
  const { cwd } = newMachine();
  const path = join(cwd, 'a', 'b', 'c');
  const made = await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(cwd, 'a', 'd'))]);
  expect(made).toContain(join(cwd, 'a'));
  expect(await makeFolder(path)).toBeUndefined();
  expect(readdirSync(join(cwd, 'a'))).toEqual(['b', 'd']);
  writeFileSync(join(path, 'file'), '');
  for (const below of ['file', 'file/x', 'file/x/y']) {
    await expect(makeFolder(join(path, below))).rejects.toMatchObject({ code: 'FILE_ACCESS' });
  }
});

/** Something to read for each verb; `image` is in the store and in the registry. */
async function prepare(machine: TestMachine, image: string): Promise<void> {
  guestFile(machine.cwd, 'deploy-tag');
  const { stdout: bootstrap } = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm');
  writeFileSync(join(machine.cwd, 'envoy.yaml'), bootstrap);
  writeFileSync(join(machine.cwd, 'a.test.yaml'), 'module: deploy-tag.wasm\ncases: [{ name: a }]\n');
  mkdirSync(join(machine.cwd, 'project'));
  const build = { command: ['cp', '../deploy-tag.wasm', 'out.wasm'], output: 'out.wasm' };
  writeFileSync(
    join(machine.cwd, 'project', 'wasme.json'),
    JSON.stringify({ name: 'a', language: 'rust', build }),
  );
  await machine.wasme('convert', 'deploy-tag.wasm', image);
  await machine.wasme('push', image);
}

const below = '/proc/none/here';

// procfs answers that the folder above is not there, and it is: Node's own recursive mkdir never ends.
describe.runIf(process.platform === 'linux')('below /proc', () => {
  it.each([
    'deploy envoy deploy-tag.wasm -o FILE',
    'deploy envoy deploy-tag.wasm --dynamic FILE',
    'deploy istio HOST/f:v1 --no-digest -o FILE',
    'undeploy envoy --in envoy.yaml --id deploy-tag -o FILE',
    'save HOST/f:v1 -o FILE',
    'pull HOST/f:v1 -o FILE',
    'test a.test.yaml --junit FILE',
    'bench deploy-tag.wasm --save FILE',
    'build project -o FILE',
    'init FILE --language assemblyscript --name a --no-install',
    `login HOST -u ${account.username} --password SECRET --registry-config FILE`,
  ])('%s', async line => {
    const { host, switches } = await fakeRegistry();
    const machine = newMachine();
    await prepare(machine, `${host}/f:v1`);
    switches.auth = line.startsWith('login') ? 'basic' : 'none';
    const words: Record<string, string> = { FILE: below, SECRET: account.password };
    const argv = line.split(' ').map(word => words[word] ?? word.replace('HOST', host));
    const { exitCode, stderr } = await machine.wasme(...argv);
    expect(stderr).toContain('error[FILE_ACCESS]: cannot write /proc/none: ENOENT');
    expect(exitCode).toBe(1);
  });

  it('the store', async () => {
    const machine = newMachine({ env: { WASME_HOME: below } });
    guestFile(machine.cwd, 'deploy-tag');
    const { exitCode, stderr } = await machine.wasme('convert', 'deploy-tag.wasm', 'registry.example/f:v1');
    expect(stderr).toContain('error[FILE_ACCESS]: cannot write /proc/none: ENOENT');
    expect(exitCode).toBe(1);
  });
});
