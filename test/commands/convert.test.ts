/** `wasme convert`: any layout into any other; the module and what was said about it survive. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ConvertResult } from '../../src/convert.ts';
import type { InspectResult } from '../../src/inspect.ts';
import { packagingNames } from '../../src/project/names.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { component } from '../helpers/guests/images.ts';

const reference = 'registry.example/team/filter:v1';
const json = async <T>(machine: TestMachine, ...argv: string[]): Promise<T> => {
  const { exitCode, stdout, stderr } = await machine.wasme(...argv, '--json');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as T;
};

function machineWithModule(): TestMachine {
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  return machine;
}

describe('convert', () => {
  it.each(packagingNames)('compat to %s and back is the same image', async layout => {
    const machine = machineWithModule();
    const first = await json<ConvertResult>(
      machine,
      'convert',
      'm.wasm',
      reference,
      '--annotation',
      'org.opencontainers.image.licenses=Apache-2.0',
      '--created',
      '1700000000',
    );
    const there = await json<ConvertResult>(machine, 'convert', reference, '--layout', layout);
    expect(there).toMatchObject({
      from: 'compat',
      layout,
      reference: `${reference}-${layout}`,
      warnings: [],
    });
    const inspected = await json<InspectResult>(machine, 'inspect', there.reference);
    expect(inspected.module?.sizeBytes).toBe(guest('deploy-tag').length);
    expect(inspected.image?.annotations).toMatchObject({ 'org.opencontainers.image.licenses': 'Apache-2.0' });
    const back = await json<ConvertResult>(
      machine,
      'convert',
      there.reference,
      'registry.example/team/filter:back',
    );
    expect(back.digest).toBe(first.digest);
  });

  it('lists the hosts that load the result', async () => {
    const machine = machineWithModule();
    const result = await json<ConvertResult>(machine, 'convert', 'm.wasm', reference, '--layout', 'hybrid');
    expect(result.loadedBy).toEqual(['envoy', 'istio', 'envoy-gateway', 'higress', 'gloo@ee']);
    const { stdout } = await machine.wasme('convert', reference);
    expect(stdout).toMatch(/^image +registry\.example\/team\/filter:v1-compat$/m);
    expect(stdout).toMatch(/^layout +hybrid -> compat$/m);
  });

  it('dates the image by SOURCE_DATE_EPOCH or --created only, and --created wins', async () => {
    const machine = machineWithModule();
    const digests = new Set<string>();
    for (const [epoch, flags] of [
      [undefined, []],
      ['0', []],
      ['1700000000', []],
      ['0', ['--created', '2023-11-14T22:13:20Z']],
    ] as const) {
      machine.env['SOURCE_DATE_EPOCH'] = epoch;
      digests.add((await json<ConvertResult>(machine, 'convert', 'm.wasm', reference, ...flags)).digest);
    }
    expect(digests.size).toBe(3);
  });

  it('converts an image of an archive', async () => {
    const machine = machineWithModule();
    const first = await json<ConvertResult>(machine, 'convert', 'm.wasm', reference);
    await machine.wasme('save', reference, '-o', 'images.tar');
    const again = await json<ConvertResult>(
      machine,
      'convert',
      'images.tar',
      'registry.example/team/other:v1',
    );
    expect(again.digest).toBe(first.digest);
  });

  it.each([
    ['half a module', guest('deploy-tag').subarray(0, 60), 'Failed to parse corrupted Wasm module'],
    ['a component', component, 'this is a WebAssembly component'],
  ])('does not pack a file that is %s, unless forced', async (_what, bytes, message) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), bytes);
    const argv = ['convert', 'm.wasm', reference, '--layout', 'cncf'];
    const { exitCode, stdout, stderr } = await machine.wasme(...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`error[WASM_INVALID]: m.wasm: ${message}`);
    expect(await json(machine, 'list')).toEqual({ images: [] });
    expect((await machine.wasme(...argv, '--force')).exitCode).toBe(0);
    // An image that holds it is no better.
    const again = ['convert', reference, 'registry.example/team/other:v1'];
    expect((await machine.wasme(...again)).stderr).toContain(`error[WASM_INVALID]: ${reference}: ${message}`);
    expect((await machine.wasme(...again, '--force')).exitCode).toBe(0);
  });

  it.each([
    [['m.wasm'], 2, 'USAGE', 'has no image name'],
    [['m.wasm', 'a/b', '--layout', 'tarball'], 2, 'USAGE', 'Allowed choices are compat'],
    [['m.wasm', 'a/b', '--created', 'yesterday'], 2, 'USAGE', 'is not a time'],
    [['m.wasm', 'A/b'], 2, 'REFERENCE_INVALID', 'no upper case'],
    [['text.tar', 'a/b'], 1, 'IMAGE_INVALID', 'is not a tar archive'],
  ])('%j: exit %i, %s', async (argv, exit, code, says) => {
    const machine = machineWithModule();
    writeFileSync(join(machine.cwd, 'text.tar'), 'text '.repeat(500));
    const { exitCode, stdout, stderr } = await machine.wasme('convert', ...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: exit, stdout: '' });
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toContain(says);
  });
});

it('the help of convert describes every layout', () => {
  const help = readFileSync(join(import.meta.dirname, '..', '..', 'commands', 'convert.ts'), 'utf8');
  const isDescribed = (name: string): boolean =>
    new RegExp(`^  ${name}\\b|\\b${name},|, ${name}\\b`, 'm').test(help);
  expect(
    packagingNames.filter(name => !isDescribed(name)),
    'commands/convert.ts: the section "Layouts" of the help lacks these',
  ).toEqual([]);
});
