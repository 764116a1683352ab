/** `wasme tags`: all pages, versions first. */
import { describe, expect, it } from 'vitest';
import { newMachine } from '../helpers/cli/cli.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';

describe('tags', () => {
  it('follows the pages, sorts versions, hides attachments', async () => {
    const registry = await fakeRegistry({ pageSize: 2 });
    const names = [
      'latest',
      'v1',
      'v1.2.0',
      'v1.10.0',
      'v1.10.0-rc.1',
      'v1.9.0',
      'main',
      `sha256-${'a'.repeat(64)}.sig`,
    ];
    for (const name of names) registry.tags.set(`team/filter:${name}`, `sha256:${'a'.repeat(64)}`);
    const machine = newMachine();
    const { stdout } = await machine.wasme('tags', `${registry.host}/team/filter`);
    expect(stdout).toBe('v1.10.0\nv1.10.0-rc.1\nv1.9.0\nv1.2.0\nv1\nlatest\nmain\n');
    const all = await machine.wasme('tags', `${registry.host}/team/filter`, '--all', '--json');
    expect((JSON.parse(all.stdout) as { tags: string[] }).tags).toHaveLength(8);
  });

  it('reports an unknown repository', async () => {
    const registry = await fakeRegistry();
    const { exitCode, stderr } = await newMachine().wasme('tags', `${registry.host}/team/absent`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[REGISTRY_NOT_FOUND]');
  });
});
