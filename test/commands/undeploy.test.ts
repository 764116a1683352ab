import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { run } from '../../commands/cli.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guestFile } from '../helpers/guests/guests.ts';

const mine = `# mine
static_resources:
  listeners:
    - name: web
      address: {socket_address: {address: 127.0.0.1, port_value: 8080}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: web
                http_filters:
                  - name: envoy.filters.http.router # last
                    typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}`;

describe('undeploy envoy', () => {
  it('restores byte for byte what deploy envoy --in changed', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const file = join(machine.cwd, 'e.yaml');
    writeFileSync(file, mine);
    const flags = [
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--cluster',
      'api=http://127.0.0.1:1',
      '--in',
      'e.yaml',
    ];
    const printed = await machine.wasme(...flags);
    expect(readFileSync(file, 'utf8')).toBe(mine);
    const written = await machine.wasme(...flags, '-o', 'e.yaml');
    expect(written).toMatchObject({ exitCode: 0, stdout: `wrote ${file}\n` });
    expect(readFileSync(file, 'utf8')).toBe(printed.stdout);
    expect(printed.stdout).toContain('- name: deploy-tag');
    await machine.wasme(...flags, '--config', 'other', '-o', 'e.yaml');
    const shown = await machine.wasme('undeploy', 'envoy', '--in', 'e.yaml', '--id', 'deploy-tag');
    expect(shown).toMatchObject({ exitCode: 0, stdout: mine });
    const dash = ['undeploy', 'envoy', '--in', 'e.yaml', '--id', 'deploy-tag', '-o', '-'];
    expect((await machine.wasme(...dash)).stdout).toBe(mine);
    const done = await machine.wasme(
      'undeploy',
      'envoy',
      '--in',
      'e.yaml',
      '--id',
      'deploy-tag',
      '-o',
      'e.yaml',
    );
    expect(done.exitCode).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(mine);
  });

  it('and deploy --in - read standard input, and name it in errors', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const from = async (text: string, ...argv: string[]): Promise<[number, string, string]> => {
      let [out, err] = ['', ''];
      const exitCode = await run(argv, {
        ...machine.system,
        stdin: Readable.from([Buffer.from(text)]) as unknown as NodeJS.ReadStream,
        stdout: { write: piece => (out += String(piece)) },
        stderr: { write: piece => (err += String(piece)) },
      });
      return [exitCode, out, err];
    };
    const deploy = ['deploy', 'envoy', 'deploy-tag.wasm', '--in', '-'];
    const [exitCode, edited, stderr] = await from(mine, ...deploy);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(edited).toContain('- name: deploy-tag');
    const undeploy = ['undeploy', 'envoy', '--in', '-', '--id', 'deploy-tag'];
    expect(await from(edited, ...undeploy)).toEqual([0, mine, '']);
    const [, , missing] = await from(mine, ...undeploy);
    expect(missing).toContain('standard input has no filter named "deploy-tag"');
    const [, , broken] = await from('a: [', ...deploy);
    expect(broken).toContain('error[DEPLOY_FILE]: standard input:1:');
    const [wrong, , diff] = await from(mine, ...deploy, '--diff');
    expect([wrong, diff]).toEqual([2, expect.stringContaining('--diff compares with a file')]);
  });

  it('keeps symbolic links, the mode and all other bytes of the file', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    mkdirSync(join(machine.cwd, 'secret'));
    const file = join(machine.cwd, 'secret', 'e.yaml');
    const link = join(machine.cwd, 'e.yaml');
    writeFileSync(file, mine);
    chmodSync(file, 0o620);
    symlinkSync(join('secret', 'e.yaml'), link);
    const inPlace = ['--in', 'e.yaml', '-o', 'e.yaml'];
    for (const argv of [
      ['deploy', 'envoy', 'deploy-tag.wasm', ...inPlace],
      ['undeploy', 'envoy', '--id', 'deploy-tag', ...inPlace],
    ]) {
      expect((await machine.wasme(...argv)).exitCode).toBe(0);
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect((statSync(file).mode & 0o777).toString(8)).toBe('620');
      expect(readFileSync(file, 'utf8').includes('name: deploy-tag')).toBe(argv[0] === 'deploy');
    }
    expect(readFileSync(file, 'utf8')).toBe(mine);
    // A comment in Latin-1 could not be written back.
    const latin = Buffer.from(mine.replace('# mine', '# fa\u00e7ade'), 'latin1');
    writeFileSync(file, latin);
    for (const argv of [
      ['deploy', 'envoy', 'deploy-tag.wasm', ...inPlace],
      ['undeploy', 'envoy', '--id', 'deploy-tag', ...inPlace],
    ]) {
      expect((await machine.wasme(...argv)).stderr).toContain(
        `error[DEPLOY_FILE]: ${link}:1: this is not UTF-8`,
      );
      expect(readFileSync(file)).toEqual(latin);
    }
  });

  it('writes nothing with --dry-run', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const file = join(machine.cwd, 'e.yaml');
    writeFileSync(file, mine);
    await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--in', 'e.yaml', '-o', 'e.yaml');
    const edited = readFileSync(file, 'utf8');
    const flags = ['undeploy', 'envoy', '--in', 'e.yaml', '--id', 'deploy-tag', '-o', 'e.yaml', '--dry-run'];
    expect((await machine.wasme(...flags)).stdout).toBe(`would write ${file}\n`);
    expect(readFileSync(file, 'utf8')).toBe(edited);
  });

  it('removes a filter from a watched folder and keeps the other filters', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    writeFileSync(join(machine.cwd, 'e.yaml'), mine);
    const live = join(machine.cwd, 'live');
    const deploy = (id: string, ...argv: string[]): ReturnType<typeof machine.wasme> =>
      machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--id', id, '--dynamic', 'live', ...argv);
    await deploy('one');
    await deploy('two', '--in', 'e.yaml', '-o', 'e.yaml');
    const all = readdirSync(live).sort();
    expect(all).toHaveLength(4);
    const dry = await machine.wasme('undeploy', 'envoy', '--dynamic', 'live', '--id', 'one', '--dry-run');
    expect(dry.stdout).toBe(`would delete ${live}/one.ecds.yaml\nwould delete ${live}/envoy.yaml\n`);
    expect(readdirSync(live).sort()).toEqual(all);
    const done = await machine.wasme('undeploy', 'envoy', '--dynamic', 'live', '--id', 'one');
    expect(done.stdout).toBe(`deleted ${live}/one.ecds.yaml\ndeleted ${live}/envoy.yaml\n`);
    expect(done.stderr).toContain('until it is restarted');
    // The other filter runs the same module.
    expect(readdirSync(live)).toEqual(all.filter(name => !/^(one|envoy)\./.test(name)));
    const argv = ['undeploy', 'envoy', '--dynamic', 'live', '--id', 'two', '--in', 'e.yaml', '-o', 'e.yaml'];
    expect((await machine.wasme(...argv)).stdout).toMatch(
      /^wrote .*e\.yaml\ndeleted .*two\.ecds\.yaml\ndeleted .*\.wasm\n$/,
    );
    expect(readdirSync(live)).toEqual([]);
    expect(readFileSync(join(machine.cwd, 'e.yaml'), 'utf8')).toBe(mine);
  });

  it.each([
    [['undeploy', 'envoy', '--dynamic', '.', '--id', 'x'], 'DEPLOY_NOT_FOUND', 'no x.ecds.yaml'],
    [['undeploy'], 'USAGE', 'no target was named'],
    [['undeploy', 'envoy', '--in', 'e.yaml'], 'USAGE', 'no filter was named'],
    [['undeploy', 'envoy', '--id', 'x'], 'USAGE', '--in'],
    [['undeploy', 'envoy', '--in', 'e.yaml', '--id', 'x'], 'DEPLOY_NOT_FOUND', 'no filter named "x"'],
    [['undeploy', 'envoy', '--in', 'none.yaml', '--id', 'x'], 'FILE_NOT_FOUND', 'none.yaml'],
  ])('refuses %j', async (argv, code, text) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'e.yaml'), mine);
    const { exitCode, stdout, stderr } = await machine.wasme(...argv);
    expect(exitCode).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toContain(text);
  });
});
