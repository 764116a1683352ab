/** `wasme logout`: takes away one entry and nothing else. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';

describe('logout', () => {
  it('erases every spelling of the host, and no other host', async () => {
    const machine = newMachine();
    const config = join(machine.home, '.docker', 'config.json');
    mkdirSync(join(machine.home, '.docker'));
    const keep = { 'other.example': { auth: 'YTpi' }, 'registry.example/team/one': { auth: 'YTpi' } };
    const auths = {
      'registry.example': { auth: 'YTpi' },
      'https://registry.example/v2/': { auth: 'YTpi' },
      ...keep,
    };
    writeFileSync(config, JSON.stringify({ auths, detachKeys: 'ctrl-x' }));
    expect((await machine.wasme('logout', 'registry.example')).stdout).toBe(
      'logged out of registry.example\n',
    );
    expect(JSON.parse(readFileSync(config, 'utf8'))).toEqual({ auths: keep, detachKeys: 'ctrl-x' });
  });

  it.each([[['logout', 'registry.example']], [['logout']]])(
    '%j without a login is no failure',
    async argv => {
      const { exitCode, stdout } = await newMachine().wasme(...argv);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('there was no login for');
    },
  );
});
