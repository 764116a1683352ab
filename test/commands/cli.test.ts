/** The command line around the verbs: help at every level, wrong words, the global flags, streams that break. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../commands/cli.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { root } from '../helpers/tree.ts';

const program = join(root, 'dist', 'commands', 'main.cjs');

describe('help', () => {
  it.each([
    [['help'], ['--help']],
    [
      ['help', 'build'],
      ['build', '--help'],
    ],
    [
      ['-v', 'help', 'deploy'],
      ['deploy', '--help'],
    ],
    [
      ['help', 'deploy', 'istio'],
      ['deploy', 'istio', '--help'],
    ],
    [
      ['help', 'status', 'envoy'],
      ['status', 'envoy', '--help'],
    ],
  ])('%j prints the same as %j', async (asked, meant) => {
    const { exitCode, stdout } = await newMachine().wasme(...asked);
    expect(exitCode).toBe(0);
    expect(stdout).toBe((await newMachine().wasme(...meant)).stdout);
    expect(stdout).toContain('--json');
  });

  it('without any argument prints all of the help on standard error and fails', async () => {
    const { stdout: help } = await newMachine().wasme('--help');
    expect(help).toContain('WASME_HOME');
    expect(await newMachine().wasme()).toEqual({ exitCode: 2, stdout: '', stderr: help });
  });

  it('of an unknown verb is a usage error with a suggestion', async () => {
    expect(await newMachine().wasme('help', 'buidl')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'error[USAGE]: unknown verb "buidl"\nhelp: did you mean "wasme build"?\n',
    });
  });

  it('lists the flags of a verb first, and the flags that all verbs share last', async () => {
    for (const verb of ['tag', 'search', 'completion', 'push', 'deploy']) {
      const { stdout } = await newMachine().wasme(verb, '--help');
      const own = stdout.search(/^(Options|Registry options):/m);
      expect(stdout, verb).toMatch(/^Global options:\n[^]*--color[^]*\n +-h, --help/m);
      expect(own, verb).toBeLessThan(stdout.indexOf('Global options:'));
    }
  });

  it.each([
    [{ isTTY: true, columns: 60 }, 60],
    [{ isTTY: true, columns: 300 }, 100],
    [{}, 100],
  ])('on %j is at most %i columns wide', async (screen, most) => {
    let text = '';
    const stdout = { ...screen, write: (part: string | Uint8Array) => (text += String(part)) };
    const { system } = newMachine();
    const code = await run(['push', '--help'], { ...system, stdin: process.stdin, stdout, stderr: stdout });
    expect(code).toBe(0);
    // The text about the source and the examples are typed by hand.
    const [described = ''] = text.split('Pushes the file of --file');
    const widest = Math.max(...described.split('\n').map(line => line.length));
    expect(widest).toBeLessThanOrEqual(most);
    expect(widest).toBeGreaterThan(most - 15);
  });
});

describe('a file name where a verb expects another kind of operand is refused', () => {
  it.each([
    [['copy', 'm.wasm', 'r.example/a:v1'], 'USAGE', 'wasme push r.example/a:v1 --file m.wasm'],
    [['copy', 'x.tar', 'r.example/a:v1'], 'USAGE', 'wasme load x.tar'],
    [['inspect', 'none.tar'], 'FILE_NOT_FOUND', 'an image archive'],
    [['load', 'm.wasm'], 'IMAGE_INVALID', 'name a file that "wasme save" or skopeo'],
    [['load', 'short.txt'], 'IMAGE_UNSUPPORTED', 'name a file that "wasme save" or skopeo'],
    [['test', 'm.wasm'], 'USAGE', 'module: m.wasm'],
    [['test', 'a.test.yaml'], 'FILE_NOT_FOUND', 'a.test.yaml names it as its module'],
  ])('%j: %s', async (argv, code, help) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    writeFileSync(join(machine.cwd, 'short.txt'), 'text');
    writeFileSync(join(machine.cwd, 'a.test.yaml'), 'module: none.wasm\ncases: [{ name: a }]\n');
    const { exitCode, stdout, stderr } = await machine.wasme(...argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: code === 'USAGE' ? 2 : 1, stdout: '' });
    const [first = '', second = ''] = stderr.split('\n');
    expect(first).toContain(`error[${code}]`);
    expect(first).not.toContain('tar archive but');
    expect(second).toContain(help);
  });
});

describe('"-" for a file that is not the result is refused', () => {
  it.each([
    ['test', '--junit'],
    ['bench', '--save'],
    ['build', '--output'],
  ])('%s %s is not standard output', async (verb, flag) => {
    const machine = newMachine();
    const { exitCode, stderr } = await machine.wasme(verb, flag, '-');
    expect({ exitCode, left: readdirSync(machine.cwd) }).toEqual({ exitCode: 2, left: [] });
    expect(stderr).toContain('Standard output has the result; name a file.');
  });
});

describe('a wrong command line is refused with a hint', () => {
  it.each([
    [['images'], 'unknown verb "images"', 'did you mean "wasme list"?'],
    [['buidl'], 'unknown verb "buidl"', 'did you mean "wasme build"?'],
    [['nothing-like-it'], 'unknown verb "nothing-like-it"', 'run "wasme --help" to see what it takes'],
    [['-v'], 'no verb was named', 'run "wasme --help" to see what it takes'],
    [['--yes'], 'no verb was named', 'run "wasme --help" to see what it takes'],
    [['build', '--profil', 'debug'], "unknown option '--profil'", 'did you mean --profile?'],
    [['build', '--bogus'], "unknown option '--bogus'", 'run "wasme build --help" to see what it takes'],
    [
      ['deploy', 'envoy', '--bogus'],
      "unknown option '--bogus'",
      'run "wasme deploy envoy --help" to see what it takes',
    ],
    [
      ['--color', 'never', 'status', 'istio', '--bogus'],
      "unknown option '--bogus'",
      'run "wasme status istio --help" to see what it takes',
    ],
  ])('%j', async (argv, message, hint) => {
    expect(await newMachine().wasme(...argv)).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error[USAGE]: ${message}\nhelp: ${hint}\n`,
    });
  });

  it('is reported in the colours of its --color', async () => {
    expect((await newMachine().wasme('buidl', '--color', 'always')).stderr).toContain('\u001b[');
    const env = { FORCE_COLOR: '1' };
    expect((await newMachine({ env }).wasme('buidl', '--color=never')).stderr).not.toContain('\u001b[');
    expect((await newMachine({ env }).wasme('buidl')).stderr).toContain('\u001b[');
    expect((await newMachine({ env: { NO_COLOR: '1' } }).wasme('buidl')).stderr).not.toContain('\u001b[');
  });

  it('with an unknown host is refused before the verb starts', async () => {
    const machine = newMachine();
    for (const argv of [
      ['init', 'p', '-l', 'rust', '--host', 'nginx@1'],
      ['build', '.', '--host', 'nginx@1'],
      // The registry of this image does not exist: it must not be asked.
      ['verify', 'localhost:1/a/b:v1', '--for', 'istio@1.30,nginx@1'],
    ]) {
      const { exitCode, stderr } = await machine.wasme(...argv);
      expect(exitCode, argv.join(' ')).toBe(2);
      expect(stderr).toContain('error[USAGE]: "nginx@1" is not a host that is known here');
    }
    expect(existsSync(join(machine.cwd, 'p'))).toBe(false);
  });
});

describe('renamed and obsolete flags of the old wasme are accepted with a note', () => {
  const { host, image } = { host: 'localhost:1', image: 'localhost:1/me/f:v1' };
  it.each([
    [
      ['list', '--show-dir', '-s', host, '--store', 's'],
      ['--show-dir', '--server', '--store is now the variable'],
    ],
    [['tag', '--store', 's', image, 'b/c'], ['--store']],
    [
      ['push', image, '-u', 'me', '-p', 'secret', '--file', 'm.wasm', '-c', 'c.json'],
      ['--password can be seen by others', '--config is now --registry-config'],
    ],
    [['login', host, '-u', 'me', '-p', 'secret', '--plaintext'], ['--plaintext is now --plain-http']],
    [
      ['pull', image, '-u', 'me', '-p', 'secret', '--store', 's'],
      ['--password', '--store'],
    ],
    [
      ['build', 'precompiled', 'm.wasm', '-i', 'x', '--tmp-dir', 't'],
      ['--image', '--tmp-dir'],
    ],
    [
      [
        'deploy',
        'istio',
        image,
        '--digest',
        `sha256:${'3b'.repeat(32)}`,
        '--ignore-version-check',
        '--cache-timeout',
        '0',
      ],
      ['--ignore-version-check is not used: --force', '--cache-timeout is not used: proxies pull'],
    ],
    [['deploy', 'envoy', 'm.wasm', '--docker-run-args', 'a b'], ['--docker-run-args is not used']],
    [
      ['undeploy', 'istio', '--id', 'f', '--labels', 'app=a', '--config', 'c', '-t', 'deployment'],
      ['--labels is not used: the filter is found by --id', '--config', '--workload-type'],
    ],
    [
      ['undeploy', 'gloo', '--id', 'f', '-l', 'app=a', '--root-id', 'r'],
      ['--labels is not used: the filter is found by --id', '--root-id'],
    ],
  ])('%j', async (argv, told) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const { stderr } = await machine.wasme(...argv);
    expect(stderr).not.toContain('error[USAGE]');
    const notes = stderr.split('\n').filter(line => line.startsWith('note: '));
    expect(notes).toEqual(told.map(text => expect.stringContaining(`note: ${text}`) as string));
    expect(stderr).not.toContain('secret');
    expect(
      (await machine.wasme(...argv.slice(0, argv[0]?.endsWith('deploy') ? 2 : 1), '--help')).stdout,
    ).not.toMatch(/--store|--workload-type/);
  });
});

describe('a file operation that the system refuses', () => {
  it.each([
    [['load', 'folder'], 'read', 'folder'],
    [['load', 'file/in-a-file.tar'], 'read', 'file/in-a-file.tar'],
    [['deploy', 'envoy', 'm.wasm', '--dynamic', 'file'], 'write', 'file'],
    [['init', 'file/p', '-l', 'rust'], 'write', 'file:'],
    [['init', 'x'.repeat(300), '-l', 'rust', '--name', 'x'], 'read', 'x'.repeat(300)],
  ])('%j is reported with a code, not as a bug of wasme', async (argv, verb, path) => {
    const machine = newMachine();
    mkdirSync(join(machine.cwd, 'folder'));
    writeFileSync(join(machine.cwd, 'file'), '');
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const { exitCode, stderr } = await machine.wasme(...argv);
    expect(exitCode, stderr).toBe(1);
    expect(stderr).toContain(`error[FILE_ACCESS]: cannot ${verb} ${join(machine.cwd, path)}`);
    expect(stderr).toContain('\nhelp: ');
    expect(stderr).not.toContain('    at ');
  });
});

describe('streams', () => {
  it('a reader that closes standard output ends the program without a message', async () => {
    const child = spawn(process.execPath, [program, 'completion', 'bash'], { env: newMachine().env });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', data => (stderr += String(data)));
    const exitCode = await new Promise(resolve => child.on('exit', resolve));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it.skipIf(!existsSync('/dev/full'))('a full disk is a failure, told without a stack', () => {
    const full = openSync('/dev/full', 'w');
    const { env } = newMachine();
    const out = spawnSync(process.execPath, [program, '--help'], {
      env,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    expect(out.stderr).toBe('error[FILE_ACCESS]: cannot write standard output: ENOSPC\n');
    expect(out.status).toBe(1);
    const err = spawnSync(process.execPath, [program, 'buidl'], { env, stdio: ['ignore', 'ignore', full] });
    expect(err.status).toBe(2);
    closeSync(full);
  });
});

describe('a process', () => {
  it.skipIf(process.platform === 'win32')('in a folder that was deleted says so, and gives help', () => {
    const machine = newMachine();
    const inGone = (...argv: string[]) =>
      spawnSync(
        'sh',
        [
          '-c',
          'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
          'sh',
          process.execPath,
          program,
          ...argv,
        ],
        { cwd: machine.cwd, env: machine.env, encoding: 'utf8' },
      );
    const { status, stderr } = inGone('list');
    expect(stderr).toMatch(/^error\[FILE_NOT_FOUND\]: the current folder has been deleted\nhelp: .+\n$/);
    expect(status).toBe(1);
    expect(inGone('--help').status).toBe(0);
  });

  it('of a user without an entry in the user database works without a home folder', () => {
    const { cwd, env } = newMachine();
    const unknown = join(cwd, 'unknown.cjs');
    // As Node does where the user is not in the system's list and HOME is not set.
    writeFileSync(
      unknown,
      'require("node:os").homedir = () => { throw new Error("uv_os_homedir returned ENOENT"); };',
    );
    const { status, stderr } = spawnSync(process.execPath, ['--require', unknown, program, 'list'], {
      cwd,
      env,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.not.stringContaining('homedir') as string,
    });
  });
});
