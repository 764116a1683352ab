/** Passwords and tokens are never printed: not with -v, not with --json, not when a server says them back. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';

const password = 'pa55-word/of+me';
const token = 'tok3n.of-the_service';
const basic = Buffer.from(`me:${password}`).toString('base64');

async function server(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const listening = createServer(answer);
  await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listening.close());
  return `127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

/** Logged in to `host`. */
function machineOf(host: string): TestMachine {
  const machine = newMachine();
  mkdirSync(join(machine.home, '.docker'));
  const config = { auths: { [host]: { auth: basic } } };
  writeFileSync(join(machine.home, '.docker', 'config.json'), JSON.stringify(config), { mode: 0o600 });
  writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
  return machine;
}

/** All that is printed, with and without --json. */
async function printed(machine: TestMachine, ...argv: string[]): Promise<string> {
  const outcomes = [await machine.wasme(...argv, '-v'), await machine.wasme(...argv, '-v', '--json')];
  return outcomes.map(({ stdout, stderr }) => stdout + stderr).join('\n');
}

function expectNoSecret(text: string): void {
  for (const secret of [password, basic, token, encodeURIComponent(password)])
    expect(text).not.toContain(secret);
}

describe('an error with the answer of a registry hides the secret', () => {
  const echo = ({ headers }: IncomingMessage): string =>
    `you sent ${headers.authorization ?? 'nothing'}, which is ${Buffer.from((headers.authorization ?? '').slice(6), 'base64').toString('latin1')}`;

  it.each([
    ['JSON', (text: string) => JSON.stringify({ errors: [{ code: text, message: text, detail: text }] })],
    ['plain text', (text: string) => text],
  ])('of a password, in an error of %s and in a warning', async (_, body) => {
    const host = await server((request, response) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
        return;
      }
      const text = echo(request);
      response.writeHead(403, { warning: `299 - "${text}"` }).end(body(text));
    });
    const machine = machineOf(host);
    for (const argv of [
      ['pull', `${host}/a:v1`],
      ['push', `${host}/a:v1`, '-f', 'm.wasm'],
      ['tags', `${host}/a`],
    ]) {
      const text = await printed(machine, ...argv);
      expect(text).toContain('you sent');
      expectNoSecret(text);
    }
  });

  it('of a token, and a token service of the password', async () => {
    let isSilent = false;
    const host = await server((request, response) => {
      const { authorization = '' } = request.headers;
      if (request.url?.startsWith('/token')) {
        if (isSilent) response.writeHead(400).end(`no token for ${authorization} ${password}`);
        else response.end(JSON.stringify({ token }));
      } else if (authorization.startsWith('Bearer')) {
        response.writeHead(403).end(`no ${authorization}, no ${authorization.slice(7)}`);
      } else {
        const realm = `Bearer realm="http://${host}/token?access_token=${token}",service="s"`;
        response.writeHead(401, { 'www-authenticate': realm }).end();
      }
    });
    const machine = machineOf(host);
    const refused = await printed(machine, 'pull', `${host}/a:v1`);
    expect(refused).toContain('403 no Bearer ***, no ***');
    expectNoSecret(refused);
    isSilent = true;
    const silent = await printed(machine, 'pull', `${host}/a:v1`);
    expect(silent).toContain('no token for');
    expectNoSecret(silent);
  });

  it('of a token that is no JSON', async () => {
    const host = await server((request, response) => {
      if (request.url?.startsWith('/token')) response.end(`{"t":"${token}" "x"}`);
      else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token"` }).end();
    });
    const text = await printed(machineOf(host), 'pull', `${host}/a:v1`);
    expect(text).toContain('answered with something that is not a token');
    // Parsers quote what stands around the fault.
    expect(text).not.toContain(token.slice(-4));
  });

  it('of a signed address that it sends to', async () => {
    const host = await server((request, response) => {
      if (request.url?.startsWith('/storage')) response.writeHead(403).end('denied');
      else
        response
          .writeHead(307, { location: `/storage?X-Amz-Security-Token=${token}&Signature=${token}` })
          .end();
    });
    const text = await printed(machineOf(host), 'pull', `${host}/a:v1`);
    expect(text).toContain('/storage?');
    expectNoSecret(text);
  });
});

it('an error with the answer of a credential helper hides the secret that it was to store', async () => {
  const host = await server((_, response) => void response.end());
  const machine = newMachine();
  const bin = join(machine.home, 'bin');
  mkdirSync(join(machine.home, '.docker'));
  mkdirSync(bin);
  const helper = join(bin, 'docker-credential-fake');
  writeFileSync(helper, '#!/bin/sh\necho "cannot keep this:" >&2; cat >&2; exit 1\n', { mode: 0o755 });
  writeFileSync(join(machine.home, '.docker', 'config.json'), '{"credsStore":"fake"}', { mode: 0o600 });
  machine.env['PATH'] = `${bin}${delimiter}${machine.env['PATH'] ?? ''}`;
  const text = await printed(machine, 'login', host, '-u', 'me', '-p', password);
  expect(text).toContain('cannot keep this:');
  expectNoSecret(text);
});

describe('an error with a reference that the user typed hides the secret in it', () => {
  it.each([
    [['pull', `https://me:${password}@r.example/a:v1`]],
    [['pull', `me:${password}@r.example/a:v1`]],
    [['push', `me:x@${password}@r.example/a:v1`, '-f', 'm.wasm']],
    [['tags', `https://me:${password}@r.example/a`]],
    [['search', `https://me:${password}@r.example`]],
    [['login', `https://me:${password}@r.example`, '-u', 'me', '-p', password]],
    [['inspect', `oci://me:${password}@r.example/a`]],
    [['deploy', 'istio', `me:${password}@r.example/a:v1`]],
    [['deploy', 'envoy', `http://me:${password}@127.0.0.1:1/f.wasm?token=${token}`]],
    [['run', 'm.wasm', '--upstream', `ftp://me:${password}@r.example`]],
  ])('%#', async argv => {
    const machine = machineOf('other.example');
    const text = await printed(machine, ...argv.map(word => word.replace(password, 'pa55-word')));
    expect(text).toContain('error[');
    expect(text).not.toContain('pa55-word');
    expectNoSecret(text);
  });

  it('as the default registry', async () => {
    const machine = machineOf('other.example');
    for (const scheme of ['', 'https://']) {
      machine.env['WASM_IMAGE_REGISTRY'] = `${scheme}me:pa55-word@r.example`;
      const text = await printed(machine, 'pull', 'a/b:v1');
      expect(text).toContain('error[REFERENCE_INVALID]');
      expect(text).not.toContain('pa55-word');
    }
  });
});
