/** `wasme login`: asks first, keeps where docker keeps, prints no secret. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { run } from '../../commands/cli.ts';
import { type Outcome, type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';
import { account, fakeRegistry } from '../helpers/servers/registry.ts';

/** Runs as `machine.wasme` does, with something on standard input. */
async function wasmeWithInput(machine: TestMachine, input: string, ...argv: string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const exitCode = await run(argv, {
    ...machine.system,
    stdin: Readable.from([Buffer.from(input)]) as unknown as NodeJS.ReadStream,
    stdout: { write: text => (stdout += String(text)) },
    stderr: { write: text => (stderr += String(text)) },
  });
  return { exitCode, stdout, stderr };
}

const configOf = (machine: TestMachine): string => join(machine.home, '.docker', 'config.json');
const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64');

describe('login', () => {
  it.each(['basic', 'bearer'] as const)('stores credentials that the registry accepted (%s)', async kind => {
    const registry = await fakeRegistry({ auth: kind });
    const machine = newMachine();
    mkdirSync(join(machine.home, '.docker'));
    writeFileSync(
      configOf(machine),
      '{\n    "proxies": {"x": 1},\n    "auths": {"other.example": {"auth": "b3RoZXI6eA=="}}\n}',
    );
    const outcome = await wasmeWithInput(
      machine,
      `${account.password}\n`,
      'login',
      registry.host,
      '-u',
      'me',
      '--password-stdin',
      '-v',
    );
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stdout + outcome.stderr).not.toContain(account.password);
    expect(outcome.stdout + outcome.stderr).not.toContain(auth);
    expect(outcome.stderr).toContain('stored unencrypted');
    const text = readFileSync(configOf(machine), 'utf8');
    expect(JSON.parse(text)).toEqual({
      proxies: { x: 1 },
      auths: { 'other.example': { auth: 'b3RoZXI6eA==' }, [registry.host]: { auth } },
    });
    expect(text).toContain('\n    "auths"');
    expect(statSync(configOf(machine)).mode & 0o777).toBe(0o600);
    expect((await machine.wasme('tags', `${registry.host}/absent`)).stderr).toContain('REGISTRY_NOT_FOUND');
  });

  it('reports an unchecked login when the registry asks for no credentials', async () => {
    const registry = await fakeRegistry({ auth: 'none' });
    const machine = newMachine();
    const flags = ['login', registry.host, '-u', 'me', '--password-stdin'];
    const { exitCode, stdout } = await wasmeWithInput(machine, 'x', ...flags);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      `${registry.host} asks for no login, so it was not checked; me is stored in ${configOf(machine)}\n`,
    );
    const json = await wasmeWithInput(machine, 'x', ...flags, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ checked: false });
  });

  it('names a missing helper and the file that configures it', async () => {
    const registry = await fakeRegistry({ auth: 'basic' });
    const machine = newMachine();
    mkdirSync(join(machine.home, '.docker'));
    writeFileSync(configOf(machine), '{"credsStore":"absent"}');
    const flags = ['login', registry.host, '-u', 'me', '--password-stdin'];
    const { exitCode, stderr } = await wasmeWithInput(machine, account.password, ...flags);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('help: install docker-credential-absent, or take "absent" out of credsStore');
  });

  it('stores no credentials that the registry refused', async () => {
    const registry = await fakeRegistry({ auth: 'bearer' });
    const machine = newMachine();
    const outcome = await wasmeWithInput(
      machine,
      'wrong',
      'login',
      registry.host,
      '-u',
      'me',
      '--password-stdin',
    );
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('error[REGISTRY_UNAUTHORIZED]');
    expect(outcome.stderr).not.toContain('wrong\n');
    expect(existsSync(configOf(machine))).toBe(false);
  });

  it('accepts the command line of the old tool', async () => {
    const registry = await fakeRegistry({ auth: 'basic' });
    const machine = newMachine();
    const { exitCode, stderr } = await machine.wasme(
      'login',
      '-u',
      'me',
      '-p',
      account.password,
      '-s',
      `http://${registry.host}/`,
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain('a password on the command line can be seen by others');
  });

  it('stores the login in the file of the old flag, where push finds it', async () => {
    const registry = await fakeRegistry({ auth: 'basic' });
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const who = ['-s', registry.host, '-u', 'me', '-p', account.password];
    const login = await machine.wasme('login', ...who, '--credentials-file', 'c.json', '--plaintext');
    expect(login.exitCode, login.stderr).toBe(0);
    expect(login.stderr).toContain('note: --credentials-file is now --registry-config');
    expect(JSON.parse(readFileSync(join(machine.cwd, 'c.json'), 'utf8'))).toEqual({
      auths: { [registry.host]: { auth } },
    });
    expect(existsSync(configOf(machine))).toBe(false);
    const push = ['push', `${registry.host}/team/filter:v1`, '-f', 'm.wasm'];
    expect((await machine.wasme(...push)).exitCode).toBe(1);
    expect((await machine.wasme(...push, '--config', 'c.json')).exitCode).toBe(0);
  });

  it('stores the secret in the configured helper', async () => {
    const registry = await fakeRegistry({ auth: 'basic' });
    const machine = newMachine();
    machine.env['PATH'] = `${fakeHelper(machine)}:${machine.env['PATH'] ?? ''}`;
    mkdirSync(join(machine.home, '.docker'));
    writeFileSync(configOf(machine), '{"credsStore":"fake"}');
    const input = account.password;
    expect(
      (await wasmeWithInput(machine, input, 'login', registry.host, '-u', 'me', '--password-stdin')).exitCode,
    ).toBe(0);
    expect(JSON.parse(readFileSync(configOf(machine), 'utf8'))).toEqual({
      credsStore: 'fake',
      auths: { [registry.host]: {} },
    });
    expect((await machine.wasme('tags', `${registry.host}/absent`)).stderr).toContain('REGISTRY_NOT_FOUND');
    expect((await machine.wasme('logout', registry.host)).stdout).toContain('logged out of');
    expect((await machine.wasme('tags', `${registry.host}/absent`)).stderr).toContain(
      'REGISTRY_UNAUTHORIZED',
    );
  });

  it('stores an identity token from standard input, with or without a user name', async () => {
    const registry = await fakeRegistry({ auth: 'bearer' });
    const machine = newMachine();
    const login = ['login', registry.host, '--identity-token-stdin', '--json'];
    const named = await wasmeWithInput(machine, 'refresh-me\n', ...login, '-u', 'me');
    expect(JSON.parse(named.stdout)).toMatchObject({ host: registry.host, username: 'me' });
    const kept = () => (JSON.parse(readFileSync(configOf(machine), 'utf8')) as { auths: object }).auths;
    const auth = (text: string): string => Buffer.from(text).toString('base64');
    expect(kept()).toEqual({ [registry.host]: { auth: auth('me:'), identitytoken: 'refresh-me' } });
    const nameless = await wasmeWithInput(machine, 'refresh-me', ...login);
    expect(JSON.parse(nameless.stdout)).not.toHaveProperty('username');
    expect(nameless.stderr).toContain('the token is stored unencrypted');
    expect(kept()).toEqual({ [registry.host]: { auth: auth('<token>:'), identitytoken: 'refresh-me' } });
    expect((await machine.wasme('tags', `${registry.host}/absent`)).stderr).toContain('REGISTRY_NOT_FOUND');
  });

  it.each([
    [['--identity-token-stdin'], '', 'the token is empty'],
    [['--identity-token-stdin', '--password-stdin'], 'x', 'cannot be used with'],
    [['--identity-token', 'x', '-u', 'me', '-p', 'y'], '', 'cannot be used with'],
  ])('refuses %j with the input %j', async (flags, input, message) => {
    const outcome = await wasmeWithInput(newMachine(), input, 'login', 'registry.example', ...flags);
    expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) as string });
  });

  it('does not prompt without a terminal', async () => {
    const { exitCode, stderr } = await newMachine().wasme('login', 'registry.example', '--yes');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[USAGE_NO_PROMPT]');
    expect(stderr).toContain('--username');
  });
});

/** A credential helper that keeps one JSON file per server in the home folder. */
function fakeHelper(machine: TestMachine): string {
  const dir = join(machine.home, 'bin');
  mkdirSync(dir);
  const path = join(dir, 'docker-credential-fake');
  writeFileSync(
    path,
    `#!/bin/sh
dir="${machine.home}/secrets"; mkdir -p "$dir"
input=$(cat)
case "$1" in
  store) name=$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); printf %s "$input" > "$dir/$name" ;;
  get) [ -f "$dir/$input" ] || { echo "credentials not found in native keychain"; exit 1; }; cat "$dir/$input" ;;
  erase) [ -f "$dir/$input" ] || { echo "credentials not found in native keychain"; exit 1; }; rm "$dir/$input" ;;
esac
`,
  );
  chmodSync(path, 0o755);
  return dir;
}
