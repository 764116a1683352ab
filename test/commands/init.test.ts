/** `wasme init`: what it writes, what it refuses, and that a refused command leaves nothing behind. */
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
  existsSync,
  chmodSync,
  cpSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languages } from '../../src/project/names.ts';
import { templatesDir } from '../../src/io/files/paths.ts';
import type { VerifyResult } from '../../src/verify.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { asOrdinaryUser } from '../helpers/cli/ordinary-user.ts';

const assemblyscript = ['init', 'my-filter', '--language', 'assemblyscript'];

describe('init', () => {
  it('creates a complete project', async () => {
    const machine = newMachine();
    const outcome = await machine.wasme(...assemblyscript);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toContain('cd my-filter\n  npm install\n  wasme build');
    const dir = join(machine.cwd, 'my-filter');
    expect(readdirSync(dir)).toEqual(
      expect.arrayContaining(['.github', '.gitignore', 'README.md', 'assembly']),
    );
    const all = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(name =>
      statSync(join(dir, name)).isFile(),
    );
    expect(all).not.toContain('template.json');
    for (const name of all) expect(readFileSync(join(dir, name), 'utf8'), name).not.toContain('{{');
    const project = JSON.parse(readFileSync(join(dir, 'wasme.json'), 'utf8')) as Record<string, unknown>;
    expect(project).toMatchObject({
      name: 'my-filter',
      language: 'assemblyscript',
      $schema: './.wasme/wasme.schema.json',
    });
    expect(JSON.parse(readFileSync(join(dir, '.wasme/wasme.schema.json'), 'utf8'))).toHaveProperty(
      'properties.build',
    );
    expect(readdirSync(machine.cwd)).toEqual(['my-filter']);
  });

  it('installs the compiler with --install even if NODE_ENV=production', async () => {
    const machine = newMachine();
    const bin = join(machine.home, 'bin');
    mkdirSync(bin);
    // npm takes its settings from the environment, too: "npm config ls" shows them.
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "$* $npm_config_include" > installed\n', {
      mode: 0o755,
    });
    machine.env['PATH'] = bin;
    expect(await machine.wasme(...assemblyscript, '--install')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(machine.cwd, 'my-filter', 'installed'), 'utf8')).toBe('install dev\n');
  });

  it('takes the command line of the old wasme, and names the new flag', async () => {
    const machine = newMachine();
    const { exitCode, stderr } = await machine.wasme(
      ...[
        'init',
        './new-filter',
        '--language=assemblyscript',
        '--platform',
        'istio',
        '--platform-version',
        '1.9.x',
      ],
      '--disable-prompt',
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'note: --platform is now --host istio@1.9.x\n',
    });
    expect(readFileSync(join(machine.cwd, 'new-filter', 'wasme.json'), 'utf8')).toContain(
      '"hosts": ["istio@1.9.x"],',
    );
  });

  it('accepts an empty folder, a new repository, and a folder whose name is not a project name', async () => {
    const machine = newMachine();
    for (const name of ['empty', 'repo', 'Mein Filter ü 2']) mkdirSync(join(machine.cwd, name));
    mkdirSync(join(machine.cwd, 'repo', '.git'));
    for (const name of ['empty', 'repo', 'Mein Filter ü 2']) {
      const { exitCode, stdout } = await machine.wasme('init', name, '-l', 'assemblyscript', '--json');
      expect(exitCode, name).toBe(0);
      const result = JSON.parse(stdout) as { name: string; files: string[] };
      expect(result.name).toBe({ empty: 'empty', repo: 'repo', 'Mein Filter ü 2': 'mein-filter-u-2' }[name]);
      expect(readdirSync(join(machine.cwd, name)).filter(entry => entry.includes('wasme-'))).toEqual([]);
    }
  });

  it('creates the folders above the project', async () => {
    const machine = newMachine();
    expect((await machine.wasme('init', 'a/b/c', '-l', 'assemblyscript')).exitCode).toBe(0);
    expect(existsSync(join(machine.cwd, 'a/b/c/wasme.json'))).toBe(true);
  });

  it('never overwrites a file', async () => {
    const machine = newMachine();
    const dir = join(machine.cwd, 'my-filter');
    mkdirSync(dir);
    writeFileSync(join(dir, 'README.md'), 'mine');
    const refused = await machine.wasme(...assemblyscript);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('error[FILE_EXISTS]');
    expect(readdirSync(dir)).toEqual(['README.md']);
    const forced = await machine.wasme(...assemblyscript, '--force');
    expect(forced).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('kept README.md') as string,
    });
    expect(readFileSync(join(dir, 'README.md'), 'utf8')).toBe('mine');
    const again = await machine.wasme(...assemblyscript, '--force');
    expect(again).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is a project already') as string,
    });
  });

  it.each([
    ['a language that does not exist', ['-l', 'cobol'], 2, 'USAGE'],
    [
      'a use case that does not exist for the kind',
      ['-l', 'assemblyscript', '--kind', 'network', '--template', 'jwt-check'],
      2,
      'TEMPLATE_UNKNOWN',
    ],
    [
      'a template that does not exist',
      ['-l', 'assemblyscript', '--template', 'nothing'],
      2,
      'TEMPLATE_UNKNOWN',
    ],
    ['a template folder that does not exist', ['--template', './nothing'], 2, 'TEMPLATE_UNKNOWN'],
    ['a name that compilers refuse', ['-l', 'assemblyscript', '--name', 'My Filter'], 2, 'NAME_INVALID'],
    ['a reserved name', ['-l', 'assemblyscript', '--name', 'test'], 2, 'NAME_INVALID'],
    ['a missing language without a terminal', [], 2, 'USAGE_NO_PROMPT'],
    ['an unknown flag', ['--colour', 'red'], 2, 'USAGE'],
    ['an invalid host', ['-l', 'assemblyscript', '--host', 'Istio 1.30'], 2, 'USAGE'],
  ])('refuses %s and leaves nothing', async (_, flags, exitCode, code) => {
    const machine = newMachine();
    const outcome = await machine.wasme('init', 'x/new', ...flags);
    expect(outcome).toMatchObject({ exitCode, stdout: '' });
    expect(outcome.stderr).toMatch(new RegExp(`^error\\[${code}\\]: .+\\nhelp: `));
    expect(readdirSync(machine.cwd)).toEqual([]);
  });

  it('sets the layout that Gloo loads in a project for Gloo', async () => {
    const machine = newMachine();
    const flags = ['-l', 'rust', '--platform', 'gloo', '--platform-version', '1.6.x', '--disable-prompt'];
    expect((await machine.wasme('init', 'g', ...flags)).exitCode).toBe(0);
    const dir = join(machine.cwd, 'g');
    const project = JSON.parse(readFileSync(join(dir, 'wasme.json'), 'utf8')) as object;
    expect(project).toMatchObject({ hosts: ['gloo@1.6.x'], image: { layout: 'oci' } });
    mkdirSync(join(dir, 'build'));
    writeFileSync(join(dir, 'build', 'g.wasm'), guest('deploy-tag'));
    const { verdicts } = JSON.parse((await machine.wasme('verify', 'g', '--json')).stdout) as VerifyResult;
    expect(verdicts).toMatchObject([{ host: 'gloo@1.6.x', ok: true }]);
    const istio = await machine.wasme('init', 'i', '-l', 'rust', '--host', 'istio@1.30');
    expect(istio.exitCode).toBe(0);
    expect(readFileSync(join(machine.cwd, 'i', 'wasme.json'), 'utf8')).not.toContain('"image"');
  });

  it('names the missing argument if there is neither folder nor name', async () => {
    const machine = newMachine();
    const { exitCode, stderr } = await machine.wasme('init', '-l', 'assemblyscript');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringContaining(
        'error[USAGE_NO_PROMPT]: Name of the project: no value given',
      ) as string,
    });
  });

  it('fails with FILE_ACCESS in a read-only folder', async () => {
    const machine = newMachine();
    chmodSync(machine.cwd, 0o555);
    const outcome = await asOrdinaryUser(dirname(machine.cwd), () => machine.wasme(...assemblyscript));
    chmodSync(machine.cwd, 0o755);
    expect(outcome).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error[FILE_ACCESS]') as string,
    });
  });

  it('leaves nothing behind after an interrupt', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    const machine = newMachine({ signal: interrupt.signal });
    expect((await machine.wasme(...assemblyscript)).exitCode).toBe(130);
    expect(readdirSync(machine.cwd)).toEqual([]);
  });

  it('takes a folder of the user as the template', async () => {
    const machine = newMachine();
    const own = join(machine.cwd, 'own template');
    mkdirSync(join(own, 'src', '{{name}}'), { recursive: true });
    writeFileSync(join(own, 'wasme.json'), '{\n  "name": "sample",\n  "language": "rust"\n}\n');
    writeFileSync(join(own, 'src', '{{name}}', 'a.rs'), '// {{name}}');
    writeFileSync(join(own, '_gitignore'), '/target');
    writeFileSync(join(own, 'data.bin'), Buffer.from([0, 0x7b, 0x7b]));
    const outcome = await machine.wasme(
      'init',
      'made',
      '--template',
      './own template',
      '--host',
      'envoy@1.40',
      '--json',
    );
    expect(outcome.exitCode).toBe(0);
    expect((JSON.parse(outcome.stdout) as { files: string[] }).files).toEqual([
      '.gitignore',
      '.wasme/wasme.schema.json',
      'data.bin',
      'src/made/a.rs',
      'wasme.json',
    ]);
    expect(readFileSync(join(machine.cwd, 'made/src/made/a.rs'), 'utf8')).toBe('// made');
    expect(JSON.parse(readFileSync(join(machine.cwd, 'made/wasme.json'), 'utf8'))).toMatchObject({
      name: 'made',
      hosts: ['envoy@1.40'],
    });
  });

  it.each([
    ['no project file', undefined, 'TEMPLATE_INVALID'],
    [
      'a project file that is not valid',
      '{\n  "language": "rust",\n  "name": "x",\n  "colour": 1\n}',
      'PROJECT_INVALID',
    ],
  ])('refuses a template with %s', async (_, text, code) => {
    const machine = newMachine();
    mkdirSync(join(machine.cwd, 'own'));
    if (text !== undefined) writeFileSync(join(machine.cwd, 'own', 'wasme.json'), text);
    const outcome = await machine.wasme('init', 'made', '--template', './own');
    expect(outcome.stderr).toContain(`error[${code}]`);
    expect(readdirSync(machine.cwd)).toEqual(['own']);
  });

  it('lets a template that extends another replace and omit its files', async () => {
    const machine = newMachine();
    cpSync(join(templatesDir(), 'assemblyscript'), join(machine.cwd, 'base'), { recursive: true });
    mkdirSync(join(machine.cwd, 'derived'));
    writeFileSync(join(machine.cwd, 'derived', 'README.md'), 'derived');
    writeFileSync(
      join(machine.cwd, 'derived', 'template.json'),
      JSON.stringify({
        language: 'assemblyscript',
        kind: 'http',
        description: 'x',
        extends: 'base',
        without: ['test'],
      }),
    );
    expect((await machine.wasme('init', 'made', '--template', './derived')).exitCode).toBe(0);
    expect(readFileSync(join(machine.cwd, 'made', 'README.md'), 'utf8')).toBe('derived');
    expect(existsSync(join(machine.cwd, 'made', 'test'))).toBe(false);
    expect(existsSync(join(machine.cwd, 'made', 'assembly', 'filter.ts'))).toBe(true);
  });

  it('lists all templates with --list, also as JSON', async () => {
    const machine = newMachine();
    const { stdout } = await machine.wasme('init', '--list', '--json');
    const templates = JSON.parse(stdout) as { name: string; language: string }[];
    expect(templates.map(item => item.name)).toContain('assemblyscript');
    for (const { language } of templates) expect(languages).toContain(language);
    expect((await machine.wasme('init', '--list')).stdout).toMatch(/^NAME +LANGUAGE +KIND +DESCRIPTION\n/);
  });
});

describe('the templates that ship with wasme', () => {
  it('are formatted, described and complete', async () => {
    const { listTemplates } = await import('../../src/scaffold/catalog.ts');
    for (const template of await listTemplates(templatesDir())) {
      const machine = newMachine();
      const outcome = await machine.wasme('init', 'made', '--template', template.name);
      expect(outcome.stderr, template.name).toBe('');
      for (const file of ['README.md', 'wasme.json', '.gitignore', '.github/workflows/ci.yml']) {
        expect(existsSync(join(machine.cwd, 'made', file)), `${template.name}: ${file}`).toBe(true);
      }
    }
  });
});
