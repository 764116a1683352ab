/** `wasme push`: what is taken, what reaches the registry, and how its refusals are told. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PushResult } from '../../src/push.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { component } from '../helpers/guests/images.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';

function machineWithModule(): TestMachine {
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  return machine;
}

const json = async <T>(machine: TestMachine, ...argv: string[]): Promise<T> => {
  const { exitCode, stdout, stderr } = await machine.wasme(...argv, '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as T;
};

describe('push', () => {
  it('ends with the name and digest to pin', async () => {
    const registry = await fakeRegistry();
    const machine = machineWithModule();
    const { exitCode, stdout } = await machine.wasme(
      'push',
      `${registry.host}/team/filter:v1`,
      '--file',
      'm.wasm',
    );
    expect(exitCode).toBe(0);
    const digest = registry.tags.get('team/filter:v1') ?? '';
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`${registry.host}/team/filter@${digest}`);
    expect(registry.blobs.size).toBe(2);
  });

  it.each([
    ['no module', Buffer.from('root:x:0:0'), 'not a WebAssembly module'],
    ['half a module', guest('deploy-tag').subarray(0, 60), 'Failed to parse corrupted Wasm module'],
    ['a component', component, 'this is a WebAssembly component'],
  ])('sends nothing for a file that is %s, unless forced', async (_what, bytes, message) => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), bytes);
    const argv = ['push', `${registry.host}/team/filter:v1`, '--file', 'm.wasm', '--layout', 'cncf'];
    const { exitCode, stderr } = await machine.wasme(...argv);
    expect({ exitCode, log: registry.log }).toEqual({ exitCode: 1, log: [] });
    expect(stderr).toContain(`error[WASM_INVALID]: ${join(machine.cwd, 'm.wasm')}: ${message}`);
    expect((await machine.wasme(...argv, '--force')).exitCode).toBe(0);
  });

  it.each(['1', '65535', '1073741825', '5MB'])('refuses pieces of %s bytes', async size => {
    const registry = await fakeRegistry();
    const argv = ['push', `${registry.host}/team/filter:v1`, '-f', 'm.wasm', '--chunk-size', size];
    const { exitCode, stderr } = await machineWithModule().wasme(...argv);
    expect({ exitCode, log: registry.log }).toEqual({ exitCode: 2, log: [] });
    expect(stderr).toContain(
      `error[USAGE]: option '--chunk-size <bytes>' argument '${size}' is invalid. It must be a whole number from 65536 to 1073741824.`,
    );
  });

  it('accepts pieces of 64 KiB', async () => {
    const registry = await fakeRegistry();
    const argv = ['push', `${registry.host}/team/filter:v1`, '-f', 'm.wasm', '--chunk-size', '65536'];
    expect(await machineWithModule().wasme(...argv)).toMatchObject({ exitCode: 0 });
    // Both blobs are smaller than one piece.
    expect(registry.count(/^PATCH/)).toBe(2);
  });

  it('refuses an invalid tag before anything is sent', async () => {
    const registry = await fakeRegistry();
    const argv = ['push', `${registry.host}/team/filter:v1`, '-f', 'm.wasm', '-t', 'v 1'];
    const { exitCode, stderr } = await machineWithModule().wasme(...argv);
    expect({ exitCode, log: registry.log }).toEqual({ exitCode: 2, log: [] });
    expect(stderr).toContain('error[REFERENCE_INVALID]');
    expect(stderr).toContain('"v 1" is not a tag');
  });

  it('sends no existing blob again, and writes every tag', async () => {
    const registry = await fakeRegistry();
    const machine = machineWithModule();
    const reference = `${registry.host}/team/filter:v1.2.0`;
    const first = await json<PushResult>(machine, 'push', reference, '-f', 'm.wasm');
    expect(first).toMatchObject({
      from: 'file',
      layout: 'compat',
      copied: { blobs: 2 },
      skipped: { blobs: 0 },
    });
    registry.log.length = 0;
    const again = await json<PushResult>(
      machine,
      'push',
      reference,
      '-f',
      'm.wasm',
      '-t',
      'v1',
      '-t',
      'v1.2',
    );
    expect(again).toMatchObject({
      digest: first.digest,
      copied: { blobs: 0, bytes: 0 },
      skipped: { blobs: 2 },
    });
    expect(registry.count(/^(POST|PATCH)/)).toBe(0);
    expect([...registry.tags.keys()].sort()).toEqual([
      'team/filter:v1',
      'team/filter:v1.2',
      'team/filter:v1.2.0',
    ]);
    expect(new Set(registry.tags.values()).size).toBe(1);
  });

  it('pushes the image of the store with that name', async () => {
    const registry = await fakeRegistry();
    const machine = machineWithModule();
    const reference = `${registry.host}/team/filter:v1`;
    const { digest } = await json<{ digest: string }>(
      machine,
      'convert',
      'm.wasm',
      reference,
      '--layout',
      'oci',
    );
    expect(await json<PushResult>(machine, 'push', reference)).toMatchObject({ from: 'store', digest });
  });

  it("pushes the project's build to its reference in its layout", async () => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    const reference = `${registry.host}/team/own:v3`;
    const project = {
      name: 'own',
      language: 'rust',
      version: '3.0.0',
      build: { output: 'm.wasm' },
      image: { reference, layout: 'hybrid' },
    };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const result = await json<PushResult>(machine, 'push');
    expect(result).toMatchObject({ from: 'project', layout: 'hybrid', reference, tags: ['v3'] });
  });

  it('refuses a module that a host of the project would not load, unless forced', async () => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    const reference = `${registry.host}/team/own:v3`;
    const project = {
      name: 'own',
      language: 'rust',
      hosts: ['istio@1.30'],
      build: { output: 'm.wasm' },
      image: { reference, layout: 'cncf' },
    };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const { exitCode, stderr } = await machine.wasme('push');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[NOT_LOADABLE]');
    expect(registry.log).toEqual([]);
    expect((await machine.wasme('push', '--force')).exitCode).toBe(0);
  });

  it.each([
    [['push', 'REG/a:v1'], 1, 'FILE_NOT_FOUND', 'name the module: --file'],
    [['push'], 2, 'USAGE', 'set image.reference'],
    [['push', 'REG/A:v1', '-f', 'm.wasm'], 2, 'REFERENCE_INVALID', 'in lower case'],
    [['push', `REG/a@sha256:${'a'.repeat(64)}`, '-f', 'm.wasm'], 2, 'REFERENCE_INVALID', 'wasme push'],
    [['push', 'REG/a:v1', '-f', 'absent.wasm'], 1, 'FILE_NOT_FOUND', ''],
    [['push', 'REG/a:v1', '-f', 'm.wasm', '-u', 'me'], 2, 'USAGE', '--password-stdin'],
    [['push', 'REG/a:v1', '-f', 'm.wasm', '--layout', 'zip'], 2, 'USAGE', ''],
  ])('%j fails', async (argv, exitCode, code, hint) => {
    const registry = await fakeRegistry();
    const machine = machineWithModule();
    const outcome = await machine.wasme(...argv.map(word => word.replace('REG', registry.host)));
    expect(outcome).toMatchObject({ exitCode, stdout: '' });
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(outcome.stderr).toContain(hint);
  });

  it('explains how to log in to a registry that refuses an anonymous push', async () => {
    const registry = await fakeRegistry({ auth: 'basic' });
    const machine = machineWithModule();
    const { exitCode, stderr } = await machine.wasme('push', `${registry.host}/a:v1`, '-f', 'm.wasm', '-v');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
    expect(stderr).toContain(`help: log in first: wasme login ${registry.host}`);
  });
});
