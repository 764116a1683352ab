/** Files that are read: never for ever, and never more than the limit. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readBytes, readText } from '../../../../src/io/files/files.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';
import { guestFile } from '../../../helpers/guests/guests.ts';

/** A named pipe out of which `command` writes. */
function pipeFrom(folder: string, command: string): string {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `exec ${command} > "$0"`, pipe], { cwd: folder, stdio: 'ignore' });
  return pipe;
}

describe('readBytes', () => {
  function folderWithFile(): string {
    const { cwd } = newMachine();
    writeFileSync(join(cwd, 'ten'), '0123456789');
    return cwd;
  }

  it('returns a file of exactly the limit', async () => {
    const cwd = folderWithFile();
    expect(String(await readBytes(join(cwd, 'ten'), 10))).toBe('0123456789');
    expect(await readText(join(cwd, 'ten'), 10)).toBe('0123456789');
  });

  it('refuses a larger file, with the limit in the message', async () => {
    const cwd = folderWithFile();
    await expect(readBytes(join(cwd, 'ten'), 9)).rejects.toMatchObject({
      code: 'FILE_ACCESS',
      message: expect.stringContaining('has more than 9 bytes, which is the limit') as string,
    });
  });

  it('refuses a sparse file of a terabyte without reading it', async () => {
    const cwd = folderWithFile();
    writeFileSync(join(cwd, 'sparse'), '');
    truncateSync(join(cwd, 'sparse'), 2 ** 40);
    await expect(readBytes(join(cwd, 'sparse'))).rejects.toMatchObject({ code: 'FILE_ACCESS' });
  });

  it('returns what comes out of a pipe in pieces', async () => {
    const cwd = folderWithFile();
    const large = Buffer.alloc(300_000, 'abc');
    writeFileSync(join(cwd, 'large'), large);
    expect((await readBytes(pipeFrom(newMachine().cwd, `cat ${join(cwd, 'large')}`))).equals(large)).toBe(
      true,
    );
  });

  it('stops reading an endless pipe at the limit', async () => {
    await expect(readBytes(pipeFrom(newMachine().cwd, 'yes'), 100_000)).rejects.toMatchObject({
      code: 'FILE_ACCESS',
      message: expect.stringContaining('more than 100000 bytes') as string,
    });
  });

  it('fails when no program writes into a named pipe, and waits for none', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const pipe = join(newMachine().cwd, 'pipe');
    execFileSync('mkfifo', [pipe]);
    let settled = false;
    const read = readBytes(pipe).finally(() => (settled = true));
    const failed = expect(read).rejects.toMatchObject({
      code: 'FILE_ACCESS',
      message: `cannot read ${pipe}: no program writes into this pipe`,
    });
    for (let turns = 0; !settled && turns < 1_000_000; turns++) {
      vi.advanceTimersByTime(20);
      await setImmediate();
    }
    await failed;
  });

  it('returns what a program writes into a named pipe that it opens late and slowly', async () => {
    const pipe = pipeFrom(newMachine().cwd, `sh -c 'sleep 0.1; printf a; sleep 0.1; printf b'`);
    expect(await readText(pipe)).toBe('ab');
  });

  it('returns a file of /proc, whose size is not known', async () => {
    expect(await readText('/proc/self/status')).toContain('Pid:');
  });

  it('refuses devices and folders, and takes /dev/null as empty', async () => {
    const cwd = folderWithFile();
    mkdirSync(join(cwd, 'folder'));
    await expect(readBytes('/dev/zero')).rejects.toMatchObject({
      code: 'FILE_ACCESS',
      message: 'cannot read /dev/zero: it is a device',
    });
    await expect(readBytes(join(cwd, 'folder'))).rejects.toMatchObject({ code: 'FILE_ACCESS' });
    expect(await readBytes('/dev/null')).toHaveLength(0);
  });
});

describe('an endless file ends with FILE_ACCESS', () => {
  it.each([
    ['inspect', '/dev/zero'],
    ['verify', '/dev/zero'],
    ['push', 'registry.example/a:v1', '--file', '/dev/zero'],
    ['build', 'precompiled', '/dev/zero', '-t', 'registry.example/a:v1'],
    ['deploy', 'envoy', 'deploy-tag.wasm', '--in', '/dev/zero'],
    ['deploy', 'envoy', 'deploy-tag.wasm', '--config', '@/dev/zero'],
    ['test', '/dev/zero'],
    ['run', 'deploy-tag.wasm', '--config', '@/dev/zero'],
    ['copy', 'https.example/a:v1', 'https.example/b:v1', '--ca-file', '/dev/zero'],
  ])('%s %s %s %s', async (...argv) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const { exitCode, stdout, stderr } = await machine.wasme(...argv);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('error[FILE_ACCESS]: cannot read /dev/zero: it is a device') as string,
    });
  });

  it('inspect reads a module out of a pipe', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const pipe = pipeFrom(machine.cwd, 'cat deploy-tag.wasm');
    expect(await machine.wasme('inspect', pipe)).toMatchObject({ exitCode: 0 });
  });
});
