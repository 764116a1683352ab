/** `wasme verify`: the table, the exit code, and what each kind of operand is judged as. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copy } from '../../src/oci/copy.ts';
import { openStore } from '../../src/oci/store/oci-layout.ts';
import { packImage } from '../../src/oci/packaging/formats/index.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { signImage, signatureTag } from '../../src/oci/signature/signature.ts';
import { graphDescriptor, graphSource } from '../../src/oci/target.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { filterText } from '../helpers/guests/images.ts';
import type { VerifyResult } from '../../src/verify.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { compileWat } from '../helpers/guests/guests.ts';

const filter = compileWat(filterText());
const reference = 'registry.example/team/filter:v1';

/** Puts an image into the store of `machine`. */
async function stored(
  machine: TestMachine,
  layout: Parameters<typeof packImage>[0],
  name = reference,
): Promise<string> {
  const graph = packImage(layout, filter);
  const { reporter, signal } = machine.system;
  const root = graphDescriptor(graph);
  await copy(graphSource(graph), root, openStore(machine.system), { reporter, signal, names: [name] });
  return root.digest;
}

describe('verify', () => {
  it('exits with 0 for a module that the named hosts load', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), filter);
    const { exitCode, stdout, stderr } = await machine.wasme(
      'verify',
      'm.wasm',
      '--for',
      'envoy@1.36,istio@1.30',
      '--for',
      'gcp',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'm.wasm',
        '',
        'host        loads  why',
        'envoy@1.36  yes    Envoy 1.36 loads the module',
        'istio@1.30  yes    Envoy 1.38 loads the module',
        'gcp         yes    Envoy 1.40 loads the module',
        '                   note: which Envoy it runs is not published; judged by the newest one',
        '',
      ].join('\n'),
    );
  });

  it('exits with 1 and prints the repair when one host refuses', async () => {
    const machine = newMachine();
    const digest = await stored(machine, 'compat');
    const { exitCode, stdout } = await machine.wasme('verify', reference, '--for', 'istio@1.30,gloo@ee');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${reference} (${digest})`);
    expect(stdout).toMatch(/istio@1\.30 {2}yes {4}loads as OCI image with a tar layer/);
    expect(stdout).toMatch(/gloo@ee {5}no {5}no layer has the type/);
    expect(stdout).toContain(`repair: wasme convert ${reference} --layout oci`);
  });

  it('prints the documented fields with --json', async () => {
    const machine = newMachine();
    const digest = await stored(machine, 'cncf');
    const { exitCode, stdout } = await machine.wasme('verify', reference, '--for', 'istio', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      target: reference,
      digest,
      verdicts: [
        {
          host: 'istio',
          ok: false,
          reason: expect.stringContaining('the last layer is application/wasm') as string,
          repair: expect.stringContaining('--layout compat') as string,
          notes: [],
        },
      ],
      signature: null,
      ok: false,
    });
  });

  it('checks a project as push would pack it, for its own hosts', async () => {
    const machine = newMachine();
    const project = { name: 'p', language: 'rust', hosts: ['istio@1.30'], image: { layout: 'cncf' } };
    mkdirSync(join(machine.cwd, 'build'));
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
    const missing = await machine.wasme('verify');
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('wasme build') as string });
    writeFileSync(join(machine.cwd, 'build', 'p.wasm'), filter);
    const refused = await machine.wasme('verify');
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain('repair: set image.layout to "compat" in wasme.json');
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify({ ...project, image: {} }));
    expect((await machine.wasme('verify', '.')).exitCode).toBe(0);
  });

  it.each([
    [['nothing.wasm'], 1, 'FILE_NOT_FOUND'],
    [['./nothing'], 1, 'FILE_NOT_FOUND'],
    [['m.wasm', '--for', 'nginx'], 2, 'USAGE'],
    [['UPPER/Case'], 2, 'REFERENCE_INVALID'],
    [['text.wasm'], 1, 'WASM_INVALID'],
    [['m.wasm', '--key', 'cosign.pub'], 2, 'USAGE'],
    [['m.wasm', '--username', 'me'], 2, 'USAGE'],
    [[], 2, 'PROJECT_NOT_FOUND'],
  ])('%j: exit %i, %s', async (argv, exit, code) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), filter);
    writeFileSync(join(machine.cwd, 'text.wasm'), '(module)');
    const { exitCode, stderr, stdout } = await machine.wasme('verify', ...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: exit, stdout: '' });
    expect(stderr).toContain(`error[${code}]`);
  });

  it('prints no escape sequence that a name in an image holds', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), compileWat(filterText('(import "env" "x\u001b[2J" (func))')));
    const { stdout } = await machine.wasme('verify', 'm.wasm', '--for', 'envoy');
    expect(stdout).toContain(String.raw`missing import: env.x\x1b[2J`);
  });

  it('notes differences between a host and the host of run that the module meets', async () => {
    const machine = newMachine();
    mkdirSync(join(machine.cwd, 'build'));
    const poll =
      '(import "wasi_snapshot_preview1" "poll_oneoff" (func (param i32 i32 i32 i32) (result i32)))';
    writeFileSync(join(machine.cwd, 'build', 'p.wasm'), compileWat(filterText(poll)));
    const project = (more: object): void =>
      writeFileSync(
        join(machine.cwd, 'wasme.json'),
        JSON.stringify({ name: 'p', language: 'rust', ...more }),
      );
    const says = 'note: differs from Envoy 1.40: poll_oneoff fails with error 52';
    project({});
    expect((await machine.wasme('verify', '--for', 'istio@1.28')).stdout).toContain(says);
    expect((await machine.wasme('verify', '--for', 'istio@1.31')).stdout).not.toContain('otherwise');
    project({ run: { host: 'istio@1.28' } });
    expect((await machine.wasme('verify', '--for', 'envoy@1.36,cncf')).stdout).not.toContain('otherwise');
    expect((await machine.wasme('verify', '--for', 'envoy@1.40')).stdout).toContain(
      'differs from Envoy 1.36',
    );
  });

  it('accepts modules that real hosts load', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    expect((await machine.wasme('verify', 'm.wasm')).exitCode).toBe(0);
  });
});

describe('verify --key', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('checks the image of the project here for the hosts of the project, without --for', async () => {
    const machine = await signedMachine();
    const project = { name: 'p', language: 'rust', hosts: ['istio'], image: { reference } };
    writeFileSync(join(machine.cwd, 'wasme.json'), JSON.stringify(project));
    const { exitCode, stdout } = await machine.wasme('verify', reference, '--key', 'cosign.pub', '--json');
    expect(exitCode).toBe(0);
    const { verdicts } = JSON.parse(stdout) as VerifyResult;
    expect(verdicts.map(({ host }) => host)).toEqual(['istio']);
  });

  it('checks no host for an image outside of its project, without --for', async () => {
    const machine = await signedMachine();
    // Gloo, one of the default hosts, would refuse its layout.
    const { exitCode, stdout } = await machine.wasme('verify', reference, '--key', 'cosign.pub');
    expect(stdout).toContain('no host was checked: --for names hosts');
    expect(stdout).toContain('signature: good');
    expect(exitCode).toBe(0);
    expect(await machine.wasme('verify', reference, '--key', 'other.pub')).toMatchObject({ exitCode: 1 });
    expect(await machine.wasme('verify', reference)).toMatchObject({ exitCode: 1 });
  });

  it('adds no second signature of the same key, because tags may be immutable', async () => {
    const registry = await fakeRegistry({ immutableTags: true });
    const machine = await signedMachine();
    const image = `${registry.host}/team/b:v1`;
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    writeFileSync(join(machine.cwd, 'cosign.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const argv = ['push', image, '-f', 'm.wasm', '--sign', 'cosign.key'];
    expect((await machine.wasme(...argv)).exitCode).toBe(0);
    const tags = new Map(registry.tags);
    const again = await machine.wasme(...argv);
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('is signed already by this key');
    expect(registry.tags).toEqual(tags);
  });

  async function signedMachine(): Promise<TestMachine> {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'cosign.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    writeFileSync(join(machine.cwd, 'other.pub'), other.export({ format: 'pem', type: 'spki' }));
    const digest = await stored(machine, 'compat');
    await stored(machine, 'compat', 'registry.example/team/unsigned:v1');
    const signature = signImage(parseReference(reference), digest, privateKey);
    const { reporter, signal } = machine.system;
    const name = `registry.example/team/filter:${signatureTag(digest)}`;
    const options = { reporter, signal, names: [name] };
    await copy(graphSource(signature), graphDescriptor(signature), openStore(machine.system), options);
    return machine;
  }

  it.each([
    [reference, 'cosign.pub', 0, 'signature: good: signed with the private half of cosign.pub'],
    [reference, 'other.pub', 1, 'signature: BAD: '],
    [
      'registry.example/team/unsigned:v1',
      'cosign.pub',
      1,
      'is not signed; signatures as bundles lie in the registry only: --remote asks it',
    ],
  ])('%s with %s: exit %i', async (image, key, exit, says) => {
    const machine = await signedMachine();
    const { exitCode, stdout } = await machine.wasme('verify', image, '--key', key, '--for', 'istio');
    expect(exitCode).toBe(exit);
    expect(stdout).toContain(says);
  });

  it('finds a signature that is newer than the store’s copy with --remote', async () => {
    const { host } = await fakeRegistry();
    const machine = await signedMachine();
    const image = `${host}/team/filter:v1`;
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    writeFileSync(join(machine.cwd, 'cosign.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await machine.wasme('push', image, '--file', 'm.wasm');
    await machine.wasme('pull', image);
    await machine.wasme('push', image, '--file', 'm.wasm', '--sign', 'cosign.key');
    const argv = ['verify', image, '--key', 'cosign.pub', '--for', 'istio'];
    expect(await machine.wasme(...argv)).toMatchObject({ exitCode: 1 });
    expect(await machine.wasme(...argv, '--remote')).toMatchObject({ exitCode: 0 });
  });
});
