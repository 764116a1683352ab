/** Verdicts about modules held to real Envoys of two ages: `--mode validate` loads a local module as a start would. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newMachine } from '../../helpers/cli/cli.ts';
import { compileWat, guest } from '../../helpers/guests/guests.ts';
import { component, filterText, withCutNames } from '../../helpers/guests/images.ts';
import { storageModules } from '../../helpers/guests/storage-modules.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const wasi = (name: string, type: string): string =>
  `(import "wasi_snapshot_preview1" "${name}" (func ${type}))`;
const text = filterText();
const smallest = compileWat(text);
/** The last section of the module is code; a second one of no functions follows. */
const twice = Buffer.concat([smallest, Buffer.from('0a0100', 'hex')]);

const modules: Readonly<Record<string, Uint8Array>> = {
  'a filter': guest('deploy-tag'),
  'the smallest filter': compileWat(text),
  'no marker': compileWat(filterText('', 'other')),
  'a marker of the future': compileWat(filterText('', 'proxy_abi_version_0_3_0')),
  'no allocator': compileWat(text.replace('malloc', 'other')),
  'AssemblyScript without its shim': compileWat(
    filterText('(import "env" "abort" (func (param i32 i32 i32 i32)))'),
  ),
  'a call of the wrong type': compileWat(filterText('(import "env" "proxy_log" (func (param i32)))')),
  'a call of ABI 0.1.0': compileWat(
    filterText('(import "env" "proxy_clear_route_cache" (func (result i32)))'),
  ),
  'what Go needs': compileWat(filterText(wasi('poll_oneoff', '(param i32 i32 i32 i32) (result i32)'))),
  'WASI of 2026': compileWat(filterText(wasi('clock_res_get', '(param i32 i32) (result i32)'))),
  'WASI that nobody has': compileWat(filterText(wasi('proc_raise', '(param i32) (result i32)'))),
  'a callback of the wrong type': compileWat(
    text.replace(
      '(memory',
      '(func (export "proxy_on_request_headers") (param i32 i32) (result i32) (i32.const 0)) (memory',
    ),
  ),
  ...Object.fromEntries(Object.entries(storageModules).map(([name, { module }]) => [name, module])),
  'a component': component,
  'a code section twice': twice,
  'a type section after the code': Buffer.concat([smallest, Buffer.from('010100', 'hex')]),
  'a second name section that is cut': Buffer.concat([
    smallest,
    Buffer.from('0009046e616d6501c80109', 'hex'),
  ]),
  'a name section that is cut': withCutNames(smallest),
  'a truncated module': compileWat(text).subarray(0, 40),
};

describeWith(['envoy-1.36', 'envoy-1.40'], 'verify and Envoy', () => {
  it.each(['1.36', '1.40'] as const)('agree about every module: %s', async version => {
    const machine = newMachine();
    const path = join(machine.cwd, 'm.wasm');
    writeFileSync(path, guest('deploy-tag'));
    const written = await machine.wasme(
      'deploy',
      'envoy',
      'm.wasm',
      '--envoy-version',
      version,
      '-o',
      'envoy.yaml',
    );
    expect(written.exitCode).toBe(0);
    const said: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const [name, module] of Object.entries(modules)) {
      writeFileSync(path, module);
      const envoy = spawnSync(
        tool(`envoy-${version}`),
        [
          '--mode',
          'validate',
          '-c',
          join(machine.cwd, 'envoy.yaml'),
          '--disable-hot-restart',
          '--concurrency',
          '1',
        ],
        { encoding: 'utf8' },
      );
      expected[name] = envoy.status === 0 ? 'loads' : 'refused';
      const { exitCode } = await machine.wasme('verify', 'm.wasm', '--for', `envoy@${version}`);
      said[name] = exitCode === 0 ? 'loads' : 'refused';
    }
    expect(said).toEqual(expected);
    expect(expected).toMatchObject({ 'a filter': 'loads', 'no marker': 'refused' });
    expect(expected['WASI of 2026']).toBe(version === '1.40' ? 'loads' : 'refused');
  });
});
