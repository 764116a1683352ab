/** `wasme load`: from archives of ours and of others into the store; a damaged one changes nothing. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { run } from '../../commands/cli.ts';
import { openStore } from '../../src/oci/store/oci-layout.ts';
import type { PullResult } from '../../src/pull.ts';
import type { RmResult } from '../../src/rm.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';

const reference = 'registry.example/team/a:v1';

const verdict = async (machine: TestMachine, name: string): Promise<number> =>
  (await machine.wasme('verify', name, '--for', 'istio', '--key', 'key.pub')).exitCode;

async function archived(machine: TestMachine): Promise<string> {
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  await machine.wasme('convert', 'm.wasm', reference);
  await machine.wasme('save', reference, '-o', 'images.tar');
  return join(machine.cwd, 'images.tar');
}

describe('load', () => {
  it('stores every image under its name', async () => {
    const path = await archived(newMachine());
    const machine = newMachine();
    const { exitCode, stdout } = await machine.wasme('load', path);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^registry\.example\/team\/a:v1 {2}sha256:\w{64}\n$/);
    expect((await machine.wasme('verify', reference, '--for', 'istio')).exitCode).toBe(0);
  });

  it('reads standard input', async () => {
    const archive = readFileSync(await archived(newMachine()));
    const machine = newMachine();
    const loadFrom = async (stdin: Readable): Promise<{ exitCode: number; stderr: string }> => {
      let stderr = '';
      const exitCode = await run(['load', '-'], {
        ...machine.system,
        stdin: stdin as unknown as NodeJS.ReadStream,
        stdout: { write: () => true },
        stderr: { write: text => (stderr += String(text)) },
      });
      return { exitCode, stderr };
    };
    expect(await loadFrom(Readable.from([archive]))).toEqual({ exitCode: 0, stderr: '' });
    expect((await machine.wasme('list')).stdout).toContain(reference);
    const broken = await loadFrom(Readable.from([Buffer.alloc(600, 1)]));
    expect(broken.exitCode).toBe(1);
    expect(broken.stderr).toContain('standard-input is not a tar archive');
    const terminal = await loadFrom(Object.assign(Readable.from([]), { isTTY: true }));
    expect(terminal.exitCode).toBe(2);
    expect(terminal.stderr).toContain('error[USAGE]: nothing is sent to standard input');
  });

  it('keeps signatures with their image through registry, store, archive, another name and another registry', async () => {
    const [from, to] = [await fakeRegistry(), await fakeRegistry()];
    const [machine, other] = [newMachine(), newMachine()];
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(machine.cwd, 'key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    writeFileSync(join(other.cwd, 'key.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const signed = `${from.host}/team/a:v1`;
    expect((await machine.wasme('push', signed, '-f', 'm.wasm', '--sign', 'key.pem')).exitCode).toBe(0);
    const pulled = JSON.parse((await machine.wasme('pull', signed, '--json')).stdout) as PullResult;
    expect(pulled.signatures).toBe(true);
    const path = join(other.cwd, 'a.tar');
    expect((await machine.wasme('save', signed, '-o', path)).stdout.trim().split('\n')).toHaveLength(2);
    expect((await other.wasme('inspect', 'a.tar')).exitCode).toBe(0);
    expect((await other.wasme('load', 'a.tar', '--tag', 'mirror/a:v1')).exitCode).toBe(0);
    expect((await other.wasme('list', '--json')).stdout.match(/"reference"/g)).toHaveLength(1);
    expect(await verdict(other, 'mirror/a:v1')).toBe(0);
    await other.wasme('tag', 'mirror/a:v1', `${to.host}/b:v2`);
    const pushed = await other.wasme('push', `${to.host}/b:v2`, '--json');
    expect(JSON.parse(pushed.stdout)).toMatchObject({ from: 'store', signed: true });
    expect(await verdict(other, `${to.host}/b:v2`)).toBe(0);
    expect([...to.tags.keys()]).toEqual(['b:v2', expect.stringMatching(/^b:sha256-[0-9a-f]{64}\.sig$/)]);
    const removed = await other.wasme('rm', 'mirror/a:v1', `${to.host}/b:v2`, '--json');
    expect((JSON.parse(removed.stdout) as RmResult).removed).toHaveLength(2);
    expect(await openStore(other.system).list()).toEqual([]);
  });

  it('stores the image under the name of --tag', async () => {
    const machine = newMachine();
    await archived(machine);
    const { stdout } = await machine.wasme('load', 'images.tar', '--tag', 'b/c:v2');
    expect(stdout).toMatch(/^docker\.io\/b\/c:v2 /);
  });

  it('leaves the store unchanged when the archive was modified', async () => {
    const path = await archived(newMachine());
    const machine = newMachine();
    const bytes = readFileSync(path);
    // The last blob lies before the two zero blocks that end the archive.
    const at = bytes.length - 1024 - 512;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(join(machine.cwd, 'bad.tar'), bytes);
    const { exitCode, stderr } = await machine.wasme('load', 'bad.tar');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error\[(DIGEST_MISMATCH|IMAGE_INVALID)\]/);
    expect(await openStore(machine.system).list()).toEqual([]);
  });

  it.each([
    ['nothing.tar', 'FILE_NOT_FOUND'],
    ['m.wasm', 'IMAGE_UNSUPPORTED'],
  ])('fails for %s with %s', async (file, code) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag').subarray(0, 100));
    const { exitCode, stderr } = await machine.wasme('load', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[${code}]`);
  });
});
