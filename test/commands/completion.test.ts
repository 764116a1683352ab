/** `wasme completion`: the bash script is asked the way bash asks it; the others are read by their shells where they are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verbs } from '../../commands/verbs.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { describeWith } from '../helpers/tools.ts';

/** Returns what bash would offer after these words; the last word is the one being typed. */
function bashOffers(script: string, cwd: string, words: readonly string[]): string[] {
  const quoted = words.map(word => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _wasme; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', `${script}\n${ask}`], { cwd, encoding: 'utf8' })
    .trim()
    .split('\n');
}

describe('completion bash', () => {
  it('offers verbs, flags, values and files', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'filter.wasm'), '');
    const { stdout: script, exitCode } = await machine.wasme('completion', 'bash');
    expect(exitCode).toBe(0);
    const offers = (...words: string[]): string[] => bashOffers(script, machine.cwd, ['wasme', ...words]);
    expect(offers('')).toEqual(verbs.map(verb => verb.name));
    expect(offers('bui')).toEqual(['build']);
    expect(offers('init', '--lang')).toEqual(['--language']);
    expect(offers('init', '--language', 'r')).toEqual(['rust']);
    expect(offers('init', '-l', 'assembly')).toEqual(['assemblyscript']);
    expect(offers('build', '--json', '--pro')).toEqual(['--profile']);
    expect(offers('build', 'fil')).toEqual(['filter.wasm']);
    expect(offers('completion', 'po')).toEqual(['powershell']);
    expect(offers('init', '--platf')).toEqual(['']);
  });
});

describeWith(['zsh'], 'completion zsh', () => {
  it('prints a script that zsh parses without an error', async () => {
    const machine = newMachine();
    const file = join(machine.cwd, '_wasme');
    writeFileSync(file, (await machine.wasme('completion', 'zsh')).stdout);
    const { status, stderr } = spawnSync('zsh', ['-n', file], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describeWith(['fish'], 'completion fish', () => {
  it('offers verbs, flags and values', async () => {
    const machine = newMachine();
    const file = join(machine.cwd, 'wasme.fish');
    writeFileSync(file, (await machine.wasme('completion', 'fish')).stdout);
    const offers = (line: string): string =>
      execFileSync('fish', ['-c', `source '${file}'; complete -C '${line}'`], {
        encoding: 'utf8',
        env: { ...process.env, HOME: machine.home },
      });
    expect(offers('wasme bui')).toMatch(/^build\t/);
    expect(offers('wasme init --lang')).toMatch(/^--language\t/);
    expect(offers('wasme init --language ru')).toMatch(/^rust\t/);
  });
});

it.each(['zsh', 'fish', 'powershell'])('completion %s names every verb', async shell => {
  const { stdout } = await newMachine().wasme('completion', shell);
  for (const { name } of verbs) expect(stdout).toContain(name);
});

it('completion of an unknown shell is a usage error', async () => {
  const { exitCode, stderr } = await newMachine().wasme('completion', 'tcsh');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish, powershell');
});
