/** `--json` prints what docs/commands says it does: the fields of the documented shape, no others, none missing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { compileProbe } from '../helpers/guests/probe/compile.ts';
import { http } from '../helpers/guests/probe/script.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { resultTypes } from '../helpers/docs/result-types.ts';

interface Shape {
  readonly all: readonly string[];
  readonly required: readonly string[];
}

/** Fields of a documented interface; those that may be undefined are not required. */
function shapeOf(name: string): Shape {
  const [source = ''] = resultTypes(name);
  const fields = [...source.matchAll(/^ {2}(\w+)(\??): ([^\n]*)/gm)];
  const required = fields.filter(([, , mark, type]) => mark === '' && !/\bundefined\b/.test(type ?? ''));
  return { all: fields.map(([, field = '']) => field), required: required.map(([, field = '']) => field) };
}

it('the shapes are found', () => {
  expect(shapeOf('ListResult').all).not.toEqual([]);
  expect(shapeOf('PushResult').required).toContain('pinned');
});

it('each verb prints its documented fields', async () => {
  const { host } = await fakeRegistry();
  const machine = newMachine();
  mkdirSync(join(machine.cwd, 'build'));
  writeFileSync(join(machine.cwd, 'wasme.json'), '{"name": "probe", "language": "rust"}');
  writeFileSync(join(machine.cwd, 'build', 'probe.wasm'), compileProbe({ callbacks: http({}) }));
  writeFileSync(join(machine.cwd, 'a.test.json'), '{"cases": [{"name": "a"}]}');
  const image = `${host}/team/probe:v1`;
  const lines: readonly (readonly [result: string, ...argv: string[]])[] = [
    ['TestResult', 'test'],
    ['InspectResult', 'inspect', 'build/probe.wasm'],
    ['VerifyResult', 'verify', 'build/probe.wasm', '--for', 'envoy@1.40'],
    ['PushResult', 'push', image],
    ['PullResult', 'pull', image],
    ['ListResult', 'list'],
    ['TagResult', 'tag', image, `${host}/team/probe:v2`],
    ['TagsResult', 'tags', `${host}/team/probe`],
    ['ConvertResult', 'convert', image, '--layout', 'oci'],
    ['SaveResult', 'save', image, '-o', 'images.tar'],
    ['LoadResult', 'load', 'images.tar'],
    ['RmResult', 'rm', `${host}/team/probe:v2`],
    ['DeployResult', 'deploy', 'envoy'],
  ];
  for (const [name, ...argv] of lines) {
    const { exitCode, stdout, stderr } = await machine.wasme(...argv, '--json');
    expect({ argv, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({
      argv,
      exitCode: 0,
      stderr: '',
    });
    const keys = Object.keys(JSON.parse(stdout) as object);
    const { all, required } = shapeOf(name);
    expect(
      keys.filter(key => !all.includes(key)),
      `${name}: not documented`,
    ).toEqual([]);
    expect(
      required.filter(field => !keys.includes(field)),
      `${name}: missing`,
    ).toEqual([]);
  }
});
