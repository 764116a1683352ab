import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProject } from '../../../src/project/load.ts';
import { rememberProject, rememberedProject } from '../../../src/project/remembered.ts';

const text = '{ "name": "a", "language": "rust", "build": { "profile": "debug" } }';

/** A project whose wasme.json was checked and remembered. */
async function known(content = text): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-test-'));
  writeFileSync(join(dir, 'wasme.json'), content);
  const loaded = await loadProject(dir);
  await rememberProject(dir, loaded.text, loaded.project);
  return dir;
}

describe('a wasme.json that was checked before', () => {
  it('is the same project as when it was checked', async () => {
    const dir = await known();
    expect(await rememberedProject(dir, text)).toEqual(JSON.parse(text));
    expect((await loadProject(dir)).project).toEqual(JSON.parse(text));
  });

  it('is checked again when it has changed', async () => {
    const dir = await known();
    expect(await rememberedProject(dir, `${text} `)).toBeUndefined();
    writeFileSync(join(dir, 'wasme.json'), text.replace('debug', 'fast'));
    await expect(loadProject(dir)).rejects.toThrow(/wasme\.json:1:58: build\.profile: /);
  });

  it('is not remembered when plain JSON does not say the same', async () => {
    const comment = `# a comment\n${text}`;
    expect(await rememberedProject(await known(comment), comment)).toBeUndefined();
  });

  it('a memory of another version, or with anything added, is none', async () => {
    const dir = await known();
    const file = join(dir, 'build', '.wasme', 'project.json');
    const memory = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...memory, version: '0.0.1' }));
    expect(await rememberedProject(dir, text)).toBeUndefined();
    writeFileSync(file, JSON.stringify({ ...memory, project: { build: { command: ['other'] } } }));
    expect(await rememberedProject(dir, text)).toBeUndefined();
    writeFileSync(file, 'null');
    expect(await rememberedProject(dir, text)).toBeUndefined();
    const fresh = mkdtempSync(join(tmpdir(), 'wasme-test-'));
    mkdirSync(join(fresh, 'build'));
    expect(await rememberedProject(fresh, text)).toBeUndefined();
  });
});
