/** Files that are written: what is no file stays what it is. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isStream, rewrite, writeAtomic } from '../../../../src/io/files/files.ts';
import { type TestMachine, newMachine } from '../../../helpers/cli/cli.ts';
import { guestFile } from '../../../helpers/guests/guests.ts';

/** Returns the bytes that come out of a named pipe while `write` runs; expects that the pipe remains one and that no other file is left. */
async function throughPipe(machine: TestMachine, write: (pipe: string) => Promise<unknown>): Promise<Buffer> {
  const pipe = join(machine.cwd, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const before = readdirSync(machine.cwd);
  const [read] = await Promise.all([readFile(pipe), write(pipe)]);
  expect(lstatSync(pipe).isFIFO()).toBe(true);
  expect(readdirSync(machine.cwd)).toEqual(before);
  return read;
}

it.each([
  ['writeAtomic', writeAtomic],
  ['rewrite', rewrite],
])('%s writes into a pipe', async (_, write) => {
  expect(String(await throughPipe(newMachine(), pipe => write(pipe, 'text')))).toBe('text');
});

const reference = 'registry.example/team/filter:v1';
it.each([
  ['save', ['save', reference, '-o', 'pipe'], 'oci-layout'],
  ['deploy', ['deploy', 'envoy', 'deploy-tag.wasm', '-o', 'pipe'], 'admin:'],
  ['test', ['test', 'a.test.yaml', '--junit', 'pipe'], '<?xml'],
] as const)('%s writes into a pipe', async (_, argv, begin) => {
  const machine = newMachine();
  guestFile(machine.cwd, 'deploy-tag');
  writeFileSync(join(machine.cwd, 'a.test.yaml'), 'module: deploy-tag.wasm\ncases: [{ name: a }]\n');
  await machine.wasme('convert', 'deploy-tag.wasm', reference);
  const read = await throughPipe(machine, async () => {
    const { exitCode, stderr } = await machine.wasme(...argv);
    expect(exitCode, stderr).toBe(0);
  });
  expect(read.toString('latin1').startsWith(begin)).toBe(true);
});

it('a path of standard output is not a file, whatever it leads to', async () => {
  const paths = [
    '/dev/stdout',
    '/dev/stderr',
    '/dev/fd/1',
    '/proc/self/fd/1',
    '/dev/null',
    import.meta.filename,
    '/none',
  ];
  expect(await Promise.all(paths.map(isStream))).toEqual([true, true, true, true, true, false, false]);
});
