import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProject } from '../../../src/project/load.ts';
import { memoryDir, rememberProject, rememberedProject } from '../../../src/project/validated-cache.ts';
import { newMachine } from '../../helpers/cli/cli.ts';

const text = '{ "name": "a", "language": "rust", "build": { "profile": "debug" } }';

/** A project whose wasme.json was checked and remembered. */
async function known(content = text) {
  const { cwd: dir, system } = newMachine();
  writeFileSync(join(dir, 'wasme.json'), content);
  const loaded = await loadProject(dir, system);
  await rememberProject(dir, loaded.text, loaded.project, system);
  return { dir, system, file: join(memoryDir(dir, system), 'project.json') };
}

describe('a wasme.json that was checked before', () => {
  it('is the same project as when it was checked', async () => {
    const { dir, system } = await known();
    expect(await rememberedProject(dir, text, system)).toEqual(JSON.parse(text));
    expect((await loadProject(dir, system)).project).toEqual(JSON.parse(text));
  });

  it('is checked again when it has changed', async () => {
    const { dir, system } = await known();
    expect(await rememberedProject(dir, `${text} `, system)).toBeUndefined();
    writeFileSync(join(dir, 'wasme.json'), text.replace('debug', 'fast'));
    await expect(loadProject(dir, system)).rejects.toThrow(/wasme\.json:1:58: build\.profile: /);
  });

  it('is not cached if it parses to something else as plain JSON', async () => {
    const comment = `# a comment\n${text}`;
    const { dir, system } = await known(comment);
    expect(await rememberedProject(dir, comment, system)).toBeUndefined();
  });

  it('is checked again when its cache entry is of another version or was modified', async () => {
    const { dir, system, file } = await known();
    const memory = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...memory, version: '0.0.1' }));
    expect(await rememberedProject(dir, text, system)).toBeUndefined();
    writeFileSync(file, JSON.stringify({ ...memory, project: { build: { command: ['other'] } } }));
    expect(await rememberedProject(dir, text, system)).toBeUndefined();
    writeFileSync(file, 'null');
    expect(await rememberedProject(dir, text, system)).toBeUndefined();
    const fresh = newMachine();
    expect(await rememberedProject(fresh.cwd, text, fresh.system)).toBeUndefined();
  });

  it('is cached outside of the project, for its user only, and for its folder only', async () => {
    const { dir, system, file } = await known();
    expect(file.startsWith(join(system.homeDir, '.cache', 'wasme', 'projects'))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // The name of the folder is no content of the file: an equal project elsewhere is another one.
    expect(await rememberedProject(join(dir, 'copy'), text, system)).toBeUndefined();
  });
});

it('a cache entry that a repository ships is ignored, and wasme.json is checked', async () => {
  const { dir, file } = await known();
  const { cwd, system } = newMachine();
  const escaping = text.replace('"a"', '"../../outside"');
  writeFileSync(join(cwd, 'wasme.json'), escaping);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const shipped = [
    [join(cwd, 'build', '.wasme', 'project.json'), JSON.stringify({ version, text: escaping })],
    [join(cwd, file.slice(dirname(dir).length)), readFileSync(file, 'utf8')],
  ] as const;
  for (const [path, content] of shipped) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  await expect(loadProject(cwd, system)).rejects.toMatchObject({
    code: 'PROJECT_INVALID',
    message: expect.stringContaining('name: lower-case letters') as string,
  });
});
