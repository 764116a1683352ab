/** `wasme pull`: into the store or a file, checked on the way. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagingNames } from '../../src/project/names.ts';
import type { ListResult } from '../../src/list.ts';
import type { PullResult } from '../../src/pull.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { type FakeRegistry, fakeRegistry } from '../helpers/servers/registry.ts';

async function pushed(registry: FakeRegistry, layout = 'compat'): Promise<TestMachine> {
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  const { exitCode, stderr } = await machine.wasme(
    'push',
    `${registry.host}/team/filter:v1`,
    '-f',
    'm.wasm',
    '--layout',
    layout,
  );
  expect({ exitCode, stderr: stderr.includes('error') }).toEqual({ exitCode: 0, stderr: false });
  return newMachine();
}

const json = async <T>(machine: TestMachine, ...argv: string[]): Promise<T> => {
  const { exitCode, stdout, stderr } = await machine.wasme(...argv, '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as T;
};

describe('pull -o -', () => {
  it('writes the module and nothing else to standard output', async () => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    const { exitCode, stdout } = await machine.wasme('pull', `${registry.host}/team/filter:v1`, '-o', '-');
    expect(exitCode).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(guest('deploy-tag'))).toBe(true);
  });

  it('refuses --json and a terminal as output, and writes nothing on failure', async () => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    const reference = `${registry.host}/team/filter:v1`;
    const both = await machine.wasme('pull', reference, '-o', '-', '--json');
    expect(both).toMatchObject({ exitCode: 2, stdout: '' });
    const terminal = await newMachine({ isTTY: true }).wasme('pull', reference, '-o', '-');
    expect(terminal).toMatchObject({ exitCode: 2, stdout: '' });
    expect(terminal.stderr).toContain('not for a terminal');
    registry.switches.flipByte = true;
    expect(await machine.wasme('pull', reference, '-o', '-')).toMatchObject({ exitCode: 1, stdout: '' });
    expect(existsSync(join(machine.cwd, '-'))).toBe(false);
  });
});

describe('pull', () => {
  it('stores the image once, under its full name', async () => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    const reference = `${registry.host}/team/filter:v1`;
    const digest = registry.tags.get('team/filter:v1');
    expect(await json<PullResult>(machine, 'pull', reference)).toMatchObject({
      reference,
      digest,
      copied: { blobs: 2 },
    });
    expect(await json<PullResult>(machine, 'pull', reference)).toMatchObject({
      copied: { blobs: 0 },
      skipped: { blobs: 2 },
    });
    expect((await json<ListResult>(machine, 'list')).images).toMatchObject([
      { reference, digest, layout: 'compat' },
    ]);
  });

  it.each(packagingNames)('extracts the module from layout %s', async layout => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry, layout);
    const result = await json<PullResult>(
      machine,
      'pull',
      `${registry.host}/team/filter:v1`,
      '-o',
      'out/f.wasm',
    );
    expect(result.file).toBe(join(machine.cwd, 'out', 'f.wasm'));
    expect(readFileSync(join(machine.cwd, 'out', 'f.wasm')).equals(guest('deploy-tag'))).toBe(true);
  });

  it('pulls by digest although the tag moved', async () => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    const digest = registry.tags.get('team/filter:v1') ?? '';
    registry.tags.delete('team/filter:v1');
    const reference = `${registry.host}/team/filter:v1@${digest}`;
    expect(await json<PullResult>(machine, 'pull', reference)).toMatchObject({ reference, digest });
    expect((await json<ListResult>(machine, 'list')).images).toMatchObject([{ reference }]);
  });

  it('does not overwrite an existing file', async () => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    writeFileSync(join(machine.cwd, 'f.wasm'), 'mine');
    const outcome = await machine.wasme('pull', `${registry.host}/team/filter:v1`, '-o', 'f.wasm');
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain('error[FILE_EXISTS]');
    expect(readFileSync(join(machine.cwd, 'f.wasm'), 'utf8')).toBe('mine');
    expect(
      (await machine.wasme('pull', `${registry.host}/team/filter:v1`, '-o', 'f.wasm', '--force')).exitCode,
    ).toBe(0);
  });

  it('names the module after the image in a folder', async () => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    const result = await json<PullResult>(machine, 'pull', `${registry.host}/team/filter:v1`, '-o', 'out/');
    expect(result.file).toBe(join(machine.cwd, 'out', 'filter.wasm'));
  });

  it('keeps no bytes that fail the digest check', async () => {
    const registry = await fakeRegistry({ flipByte: true });
    const machine = await pushed(registry);
    for (const argv of [[], ['-o', 'f.wasm']]) {
      const { exitCode, stderr } = await machine.wasme('pull', `${registry.host}/team/filter:v1`, ...argv);
      expect(exitCode).toBe(1);
      expect(stderr).toContain('error[DIGEST_MISMATCH]');
    }
    expect(existsSync(join(machine.cwd, 'f.wasm'))).toBe(false);
    expect((await json<ListResult>(machine, 'list')).images).toEqual([]);
  });

  it.each([
    ['nothing/there:v1', 'REGISTRY_NOT_FOUND'],
    [`team/filter@sha256:${'0'.repeat(64)}`, 'REGISTRY_NOT_FOUND'],
  ])('reports %s as %s', async (name, code) => {
    const registry = await fakeRegistry();
    const machine = await pushed(registry);
    const { exitCode, stderr } = await machine.wasme('pull', `${registry.host}/${name}`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[${code}]`);
  });

  it('reports a registry that does not answer', async () => {
    const { exitCode, stderr } = await newMachine().wasme('pull', '127.0.0.1:1/a:v1');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[NETWORK]: 127.0.0.1:1: nothing listens there');
  });
});
