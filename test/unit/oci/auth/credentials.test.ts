/** Which credential is found for which registry, in docker's, podman's and helpers' own forms. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helperGet } from '../../../../src/oci/auth/credential-program.ts';
import { findCredential } from '../../../../src/oci/auth/credentials.ts';
import { type TestMachine, newMachine } from '../../../helpers/cli/cli.ts';
import { silentReporter } from '../../../../src/reporter.ts';

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });

function machineWith(config: unknown, path = '.docker/config.json'): TestMachine {
  const machine = newMachine();
  write(machine, config, path);
  return machine;
}

function write(machine: TestMachine, config: unknown, path: string): void {
  const file = join(machine.home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config), { mode: 0o600 });
}

function addHelper(machine: TestMachine, name: string, script: string): void {
  const dir = join(machine.home, 'bin');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, `docker-credential-${name}`), 0o755);
  if (!machine.env['PATH']?.startsWith(dir)) machine.env['PATH'] = `${dir}:${machine.env['PATH'] ?? ''}`;
}

const find = (machine: TestMachine, host = 'r.example', repository = 'team/a') =>
  findCredential(host, repository, machine.system);

describe('docker configuration', () => {
  it.each([
    ['host', 'r.example', { 'r.example': auth('me:x') }],
    ['host and port', 'r.example:5000', { 'r.example:5000': auth('me:x') }],
    ['https URL', 'r.example', { 'https://r.example': auth('me:x') }],
    ['v1 URL', 'r.example', { 'https://r.example/v1/': auth('me:x') }],
    ['v2 URL', 'r.example', { 'https://r.example/v2/': auth('me:x') }],
    ['upper case', 'r.example', { 'R.Example': auth('me:x') }],
    ['Docker Hub', 'docker.io', { 'https://index.docker.io/v1/': auth('me:x') }],
    ['Docker Hub by name', 'docker.io', { 'docker.io': auth('me:x') }],
    ['plain fields', 'r.example', { 'r.example': { username: 'me', password: 'x' } }],
    [
      'auth over plain fields',
      'r.example',
      { 'r.example': { ...auth('me:x'), username: 'you', password: 'y' } },
    ],
  ])('an entry is found by %s', async (_name, host, auths) => {
    expect(await find(machineWith({ auths }), host)).toMatchObject({ username: 'me', password: 'x' });
  });

  it.each([
    ['another host', { 'other.example': auth('me:x') }],
    ['another port', { 'r.example:5000': auth('me:x') }],
    ['a longer name', { 'r.example.evil': auth('me:x') }],
    ['an empty entry', { 'r.example': {} }],
  ])('%s is not used', async (_name, auths) => {
    expect(await find(machineWith({ auths }))).toBeUndefined();
  });

  it('auth is split at the first colon, tokens are read, a byte order mark is accepted', async () => {
    const auths = {
      'r.example': auth('me:a:b:c'),
      'i.example': { ...auth('u:'), identitytoken: 'it' },
      'b.example': { registrytoken: 'rt' },
    };
    const machine = machineWith(`\uFEFF${JSON.stringify({ auths })}`);
    expect(await find(machine)).toMatchObject({ password: 'a:b:c' });
    expect(await find(machine, 'i.example')).toMatchObject({
      username: 'u',
      identityToken: 'it',
      password: undefined,
    });
    expect(await find(machine, 'b.example')).toMatchObject({ registryToken: 'rt' });
  });

  it.each([
    ['comments', '{ // no\n "auths": {} }'],
    ['a list', '[]'],
    ['half a file', '{"auths": {"r.example": {"auth": "c2VjcmV0'],
    ['auths of another kind', '{"auths": "s3cret"}'],
    ['bad base64', '{"auths": {"r.example": {"auth": "czNjcmV0"}}}'],
  ])('%s is refused without being quoted', async (_name, text) => {
    const error = await find(machineWith(text)).then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { code: string },
    );
    expect(error?.code).toBe('CREDENTIALS_INVALID');
    expect(error?.message).not.toMatch(/s3cret|c2VjcmV0|czNjcmV0/);
  });

  it('a file that others may read gives a warning', async () => {
    const machine = machineWith({ auths: { 'r.example': auth('me:x') } });
    chmodSync(join(machine.home, '.docker/config.json'), 0o644);
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (text: string) => void warnings.push(text) };
    await findCredential('r.example', 'a', { ...machine.system, reporter });
    expect(warnings).toEqual([expect.stringContaining('can be read by other users of this machine')]);
  });
});

describe('credentials are read', () => {
  it("from docker's file before podman's, and from DOCKER_CONFIG instead of the home folder", async () => {
    const machine = machineWith({ auths: { 'r.example': auth('podman:x') } }, '.config/containers/auth.json');
    expect(await find(machine)).toMatchObject({ username: 'podman' });
    write(machine, { auths: { 'r.example': auth('docker:x') } }, '.docker/config.json');
    expect(await find(machine)).toMatchObject({ username: 'docker' });
    write(machine, { auths: { 'r.example': auth('other:x') } }, 'elsewhere/config.json');
    machine.env['DOCKER_CONFIG'] = join(machine.home, 'elsewhere');
    expect(await find(machine)).toMatchObject({ username: 'other' });
    expect((await find(machine))?.source).toBe(
      `user "other" from ${join(machine.home, 'elsewhere', 'config.json')}`,
    );
  });

  it("from podman's longest matching key", async () => {
    const auths = {
      'r.example': auth('host:x'),
      'r.example/team': auth('team:x'),
      'r.example/team/a': auth('repo:x'),
      'r.example/team/ab': auth('no:x'),
    };
    const machine = newMachine();
    write(machine, { auths }, 'auth.json');
    machine.env['REGISTRY_AUTH_FILE'] = join(machine.home, 'auth.json');
    expect(await find(machine)).toMatchObject({ username: 'repo' });
    expect(await find(machine, 'r.example', 'team/b')).toMatchObject({ username: 'team' });
    expect(await find(machine, 'r.example', 'teams/b')).toMatchObject({ username: 'host' });
  });
});

describe('a login for a namespace', () => {
  it('is sent below its path only, and to no other namespace of the registry', async () => {
    const auths = {
      'r.example/org1': auth('one:x'),
      'https://s.example/org1': auth('two:x'),
      'https://v.example/v2/': auth('whole:x'),
    };
    const machine = machineWith({ auths });
    expect(await find(machine, 'r.example', 'org1/a')).toMatchObject({ username: 'one' });
    expect(await find(machine, 'r.example', 'org1')).toMatchObject({ username: 'one' });
    expect(await find(machine, 'r.example', 'org3/a')).toBeUndefined();
    expect(await find(machine, 'r.example', 'org11/a')).toBeUndefined();
    expect(await find(machine, 's.example', 'org3/a')).toBeUndefined();
    expect(await find(machine, 'v.example', 'org3/a')).toMatchObject({ username: 'whole' });
  });
});

describe('helpers', () => {
  it('an empty name for a host selects the file instead of credsStore', async () => {
    const machine = machineWith({
      auths: { 'r.example': auth('me:x') },
      credsStore: 'absent',
      credHelpers: { 'r.example': '' },
    });
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const found = await findCredential('r.example', 'a', { ...machine.system, reporter });
    expect(found).toMatchObject({ username: 'me' });
    expect(warnings).toEqual([]);
  });

  const answer = `echo '{"ServerURL":"r.example","Username":"h","Secret":"s3cret"}'`;

  it('the helper of the host comes before credsStore, and both before auths', async () => {
    const machine = machineWith({
      auths: { 'r.example': auth('me:x') },
      credsStore: 'store',
      credHelpers: { 'h.example': 'one' },
    });
    addHelper(
      machine,
      'store',
      `read server; [ "$server" = r.example ] || { echo "credentials not found in native keychain"; exit 1; }; ${answer}`,
    );
    addHelper(machine, 'one', answer);
    expect(await find(machine)).toMatchObject({
      username: 'h',
      password: 's3cret',
      source: 'user "h" from docker-credential-store',
    });
    expect(await find(machine, 'h.example')).toMatchObject({ source: 'user "h" from docker-credential-one' });
    expect(await find(machine, 'absent.example')).toBeUndefined();
  });

  it("Docker Hub is requested under docker's key", async () => {
    const machine = machineWith({ credsStore: 'hub' });
    addHelper(machine, 'hub', `[ "$(cat)" = https://index.docker.io/v1/ ] && ${answer}`);
    expect(await find(machine, 'docker.io')).toMatchObject({ username: 'h' });
  });

  it('a secret of the user <token> is an identity token', async () => {
    const machine = machineWith({ credsStore: 't' });
    addHelper(machine, 't', `cat >/dev/null; echo '{"Username":"<token>","Secret":"it"}'`);
    expect(await find(machine)).toEqual({ identityToken: 'it', source: 'a token from docker-credential-t' });
  });

  it('a helper that is not installed is skipped', async () => {
    const machine = machineWith({ auths: { 'r.example': auth('me:x') }, credsStore: 'absent' });
    expect(await find(machine)).toMatchObject({ username: 'me' });
  });

  it.each([
    ['fails', 'echo "keychain is locked"; exit 1', 'keychain is locked'],
    ['prints no JSON', 'echo s3cret', 'not JSON'],
    ['fails after half an answer', `echo '{"Secret":"s3cret"'; exit 1`, 'exit 1'],
  ])('an error names a helper that %s, never the secret', async (_name, script, text) => {
    const machine = machineWith({ credsStore: 'bad' });
    addHelper(machine, 'bad', `cat >/dev/null; ${script}`);
    const error = await find(machine).then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { code: string },
    );
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(error?.message).toContain(text);
    expect(error?.message).not.toContain('s3cret');
  });

  it('a hanging helper is stopped and leaves no process behind', async () => {
    const machine = machineWith({ credsStore: 'hang' });
    addHelper(machine, 'hang', `echo $$ > "${machine.cwd}/pid"; exec sleep 600`);
    // Longer and longer, until it had the time to say which process it is.
    const file = join(machine.cwd, 'pid');
    for (let limitMs = 300; !existsSync(file) || readFileSync(file, 'utf8') === ''; limitMs *= 2) {
      await expect(helperGet('hang', 'r.example', machine.system, limitMs)).rejects.toMatchObject({
        code: 'CREDENTIALS_INVALID',
        message: `docker-credential-hang get did not answer within ${limitMs / 1000} s`,
        hint: expect.stringContaining('unlock its keychain') as string,
      });
    }
    const pid = Number(readFileSync(file, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('a name with a path is refused', async () => {
    const machine = machineWith({ credsStore: '../../bin/sh' });
    await expect(find(machine)).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
  });
});
