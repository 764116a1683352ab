import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { guest, guestFile } from '../helpers/guests/guests.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import type { TargetName } from '../../src/targets/index.ts';

function project(machine: TestMachine, more: object = {}): void {
  writeFileSync(
    join(machine.cwd, 'wasme.json'),
    JSON.stringify({ name: 'tagger', language: 'rust', ...more }, null, 2),
  );
  mkdirSync(join(machine.cwd, 'build'));
  writeFileSync(join(machine.cwd, 'build', 'tagger.wasm'), guest('deploy-tag'));
}

describe('deploy envoy', () => {
  it('prints a bootstrap for the project here', async () => {
    const machine = newMachine();
    project(machine, { rootId: 'r', configuration: { tag: 'blue' } });
    const { exitCode, stdout, stderr } = await machine.wasme('deploy', 'envoy');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`filename: ${join(machine.cwd, 'build', 'tagger.wasm')}`);
    expect(stdout).toContain('root_id: r');
    expect(stdout).toContain(`value: '{"tag":"blue"}'`);
  });

  it('writes to a file, and with --dry-run does not', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const dry = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '-o', 'out/e.yaml', '--dry-run');
    expect(dry.stdout).toBe(`would write ${join(machine.cwd, 'out', 'e.yaml')}\n`);
    const wet = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '-o', 'out/e.yaml');
    expect(wet.stdout).toBe(`wrote ${join(machine.cwd, 'out', 'e.yaml')}\n`);
    const printed = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm');
    expect(readFileSync(join(machine.cwd, 'out', 'e.yaml'), 'utf8')).toBe(printed.stdout);
  });

  const neededFlags: Readonly<Record<TargetName, readonly string[]>> = {
    envoy: [],
    istio: [],
    gloo: [],
    'envoy-gateway': ['--gateway', 'eg'],
    higress: [],
    gcp: ['--project', 'my-project'],
  };

  it.each(Object.entries(neededFlags))('%s: -o - is stdout', async (target, more) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const image = ['registry.example/f:v1', '--no-digest', ...more];
    const what = target === 'envoy' ? ['deploy-tag.wasm'] : image;
    const plain = await machine.wasme('deploy', target, ...what);
    const dash = await machine.wasme('deploy', target, ...what, '-o', '-');
    expect(plain.exitCode).toBe(0);
    expect(plain.stdout).not.toBe('');
    expect(dash).toEqual(plain);
    expect(existsSync(join(machine.cwd, '-'))).toBe(false);
  });

  it('--allow-capabilities takes functions of the host, no others', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const deploy = (names: string, ...more: string[]) =>
      machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--allow-capabilities', names, ...more);
    const taken = await deploy('proxy_log, proxy_on_configure,fd_write,_initialize');
    expect(taken).toMatchObject({ exitCode: 0, stderr: '' });
    expect(taken.stdout).toContain('fd_write: {}');
    const told = [
      ['proxy_on_request_header', 'proxy_on_request_headers'],
      ['proxy_get_header_value', undefined],
      ['fd_wirte', 'fd_write'],
      ['atuo', 'auto'],
      ['', undefined],
    ] as const;
    for (const [name, meant] of told) {
      const { exitCode, stdout, stderr } = await deploy(`proxy_log,${name}`);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr.split('\n')[0]).toBe(
        `error[USAGE]: --allow-capabilities: no host has a function "${name}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
      );
    }
  });

  it.each([
    ['istio', 'localhost:5000/f:v1', 'localhost:5000'],
    ['gloo', '127.0.0.1:5001/team/f:v1', '127.0.0.1:5001'],
    ['envoy-gateway', '[::1]:5000/f:v1', '[::1]:5000'],
    ['higress', 'registry.localhost/f:v1', 'registry.localhost'],
    ['istio', 'registry.example/localhost:v1', undefined],
  ])('%s: %s, which a cluster cannot fetch', async (target, image, host) => {
    const more = target === 'envoy-gateway' ? ['--gateway', 'eg'] : [];
    const argv = ['deploy', target, image, '--no-digest', ...more];
    const { exitCode, stderr } = await newMachine().wasme(...argv);
    expect(exitCode).toBe(0);
    expect(stderr.split('\n').filter(line => line.includes('cannot fetch'))).toEqual(
      host === undefined
        ? []
        : [`warning: the proxies cannot fetch from ${host}: where they run, that is their own machine`],
    );
  });

  it('--dry-run starts nothing, also not with --run', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const dry = await machine.wasme(
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--run',
      '--dry-run',
      '--envoy',
      '/none',
    );
    expect(dry.exitCode).toBe(0);
    expect(dry.stdout).toContain('static_resources:');
    const wet = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--run', '--envoy', '/none');
    expect(wet.stderr).toContain('error[TOOL_MISSING]');
  });

  it('explains fields in comments that change nothing', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const bare = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--fail-policy', 'open');
    const told = await machine.wasme(
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--fail-policy',
      'open',
      '--explain',
    );
    expect(bare.stdout).not.toContain('#');
    expect(told.stdout).toContain('# --fail-policy open: traffic passes unfiltered');
    expect(parse(told.stdout)).toEqual(parse(bare.stdout));
  });

  it('shows what would change in a file, and changes nothing', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const file = join(machine.cwd, 'e.yaml');
    const deploy = (...argv: string[]): ReturnType<TestMachine['wasme']> =>
      machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '-o', 'e.yaml', ...argv);
    await deploy('--config', 'old');
    const before = readFileSync(file, 'utf8');
    expect((await deploy('--config', 'old', '--diff')).stdout).toBe('nothing would change\n');
    const { stdout } = await deploy('--config', 'new', '--diff');
    expect(
      stdout
        .split('\n')
        .filter(line => /^[-+] /.test(line))
        .map(line => line.trim().replace(/ +/g, ' ')),
    ).toEqual(['- value: old', '+ value: new']);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const none = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--diff');
    expect(none.stderr).toContain('error[USAGE]');
  });

  it('takes clusters, upstream and version from the project', async () => {
    const machine = newMachine();
    project(machine, {
      run: { upstream: 'http://127.0.0.1:3000', clusters: { api: 'http://127.0.0.1:4000' } },
      deploy: { envoy: { id: 'named', failPolicy: 'open', version: '1.30', env: { A: '1' } } },
    });
    const { stdout } = await machine.wasme('deploy', 'envoy');
    expect(stdout).toContain('port_value: 3000');
    expect(stdout).toContain('- name: api');
    expect(stdout).toContain('name: named');
    expect(stdout).toContain('fail_open: true');
    expect(stdout).toContain('A: "1"');
  });

  it.each([
    [['--bootstrap', 'e.yaml'], 'note: --bootstrap is now --in\n'],
    [['--out', '-'], 'note: --out is now --output\n'],
    [['-b', 'e.yaml', '-e', 'x'], 'note: the configuration is only printed; --run starts an Envoy with it\n'],
  ])('understands the old flags %j', async (flags, note) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    writeFileSync(
      join(machine.cwd, 'e.yaml'),
      readFileSync(join(import.meta.dirname, '..', 'fixtures', 'deploy', 'own-envoy.yaml')),
    );
    const { exitCode, stdout, stderr } = await machine.wasme(
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--config',
      'world',
      '--id',
      'add-header',
      ...flags,
    );
    expect(exitCode).toBe(0);
    expect(stderr).toContain(note);
    expect(stdout).toContain('value: world');
  });

  it('starts the Envoy on PATH with the result, and a container where there is only docker', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const fake = join(machine.home, 'bin');
    mkdirSync(fake);
    const script =
      '#!/bin/sh\nfor word; do echo "arg $word"; done\necho "all dependencies initialized. starting workers"\nexit ${FAKE_EXIT:-0}\n';
    machine.env['PATH'] = `${fake}:/usr/bin:/bin`;
    writeFileSync(join(fake, 'envoy'), script, { mode: 0o755 });
    const binary = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--run');
    expect(binary.exitCode).toBe(0);
    expect(binary.stderr).toMatch(/arg -c\narg .*envoy\.yaml\n/);
    expect(binary.stderr).toContain('Envoy is ready');
    writeFileSync(join(fake, 'docker'), script, { mode: 0o755 });
    const container = await machine.wasme(
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--run',
      '--envoy-image',
      'my/envoy:1',
    );
    expect(container.stderr).toContain(`arg ${machine.cwd}:${machine.cwd}\narg my/envoy:1\narg -c\n`);
    machine.env['FAKE_EXIT'] = '3';
    const failed = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--run');
    expect(failed).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error[TOOL_FAILED]') as string,
    });
    const none = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--run', '--envoy', 'nowhere');
    expect(none.stderr).toContain('error[TOOL_MISSING]');
  });

  it('keeps what a running Envoy has loaded: modules by content, the bootstrap as it is', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const deploy = (...argv: string[]): ReturnType<TestMachine['wasme']> =>
      machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--dynamic', 'live', ...argv);
    const live = join(machine.cwd, 'live');
    expect((await deploy()).stdout).toBe(
      `wrote ${join(live, 'deploy-tag.ecds.yaml')}\nwrote ${join(live, 'envoy.yaml')}\n`,
    );
    const start = readFileSync(join(live, 'envoy.yaml'), 'utf8');
    expect((await deploy('--config', 'x')).stdout).toBe(`wrote ${join(live, 'deploy-tag.ecds.yaml')}\n`);
    writeFileSync(join(machine.cwd, 'deploy-tag.wasm'), guest('deploy-kinds'));
    const other = await deploy('-p', '1234');
    expect(other.stderr).toContain('stays as it is');
    expect(readFileSync(join(live, 'envoy.yaml'), 'utf8')).toBe(start);
    expect(readdirSync(live).filter(name => name.endsWith('.wasm'))).toHaveLength(2);
    const service = await deploy('--kind', 'service');
    expect(service.stderr).toContain('error[DEPLOY_UNSUPPORTED]');
  });

  it('keeps the module before the one in use, and no older ones', async () => {
    const machine = newMachine();
    const live = join(machine.cwd, 'live');
    const modules = (): string[] => readdirSync(live).filter(name => name.endsWith('.wasm'));
    const deploy = async (letter: string, ...argv: string[]): Promise<string> => {
      const bytes = guest('deploy-tag', { '"none"': `"non${letter}"` });
      writeFileSync(join(machine.cwd, 'tag.wasm'), bytes);
      // Files of one millisecond have no order.
      for (const name of existsSync(live) ? modules() : []) {
        const past = new Date(statSync(join(live, name)).mtimeMs - 1_000);
        utimesSync(join(live, name), past, past);
      }
      const outcome = await machine.wasme('deploy', 'envoy', 'tag.wasm', '--dynamic', 'live', ...argv);
      expect(outcome.exitCode).toBe(0);
      return outcome.stdout;
    };
    await deploy('a');
    const [first = ''] = modules();
    await deploy('b');
    await deploy('b', '--config', 'only the configuration changes');
    expect(modules()).toHaveLength(2);
    await deploy('x', '--id', 'another');
    writeFileSync(join(live, 'tag-0000000000000000.wasm'), 'not what its name says');
    writeFileSync(join(live, 'mine.wasm'), 'mine');
    expect(await deploy('c', '--dry-run')).not.toContain('removed');
    expect(await deploy('c')).toContain(`removed ${join(live, first)}\n`);
    expect(existsSync(join(live, first))).toBe(false);
    // In use: c here, x in the other filter. Kept: b. Not ours: two.
    expect(modules()).toHaveLength(5);
  });

  it('reads a module from the web as a proxy would: no redirects, with an end, no secrets in messages', async () => {
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/moved')) response.writeHead(302, { location: '/f.wasm?sig=hidden' });
      response.end(guest('deploy-tag'));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const machine = newMachine();
    const good = await machine.wasme('deploy', 'envoy', `${web}/f.wasm`);
    expect(good.exitCode).toBe(0);
    expect(parse(good.stdout)).toBeTruthy();
    const moved = await machine.wasme('deploy', 'envoy', `${web}/moved?token=hidden`);
    expect(moved.stderr).toContain('error[NETWORK]');
    expect(moved.stderr).toContain(`do not follow redirects; use ${web}/f.wasm`);
    expect(moved.stderr).not.toContain('hidden');
    const traced = await machine.wasme('deploy', 'envoy', `${web}/f.wasm?token=hidden`, '-v', '-o', 'e.yaml');
    expect(traced.stderr).toContain(`GET ${web}/f.wasm?token=*** → 200`);
  });

  it('takes the module out of an image, and needs no network when the store has it', async () => {
    const registry = await fakeRegistry();
    const machine = newMachine();
    const module = guestFile(machine.cwd, 'deploy-tag');
    const reference = `${registry.host}/team/tagger:v1`;
    expect((await machine.wasme('push', reference, '-f', 'deploy-tag.wasm')).exitCode).toBe(0);
    const other = newMachine();
    const written = await other.wasme('deploy', 'envoy', reference, '-o', 'out/e.yaml');
    expect(written).toMatchObject({ exitCode: 0, stdout: `wrote ${join(other.cwd, 'out', 'e.yaml')}\n` });
    const [name = ''] = readdirSync(join(other.cwd, 'out')).filter(file => file.endsWith('.wasm'));
    expect(name).toMatch(/^tagger-[0-9a-f]{16}\.wasm$/);
    expect(readFileSync(join(other.cwd, 'out', name))).toEqual(readFileSync(module));
    expect(readFileSync(join(other.cwd, 'out', 'e.yaml'), 'utf8')).toContain(join(other.cwd, 'out', name));
    await other.wasme('pull', reference);
    const asked = registry.log.length;
    const printed = await other.wasme('deploy', 'envoy', reference, '--id', 'x');
    expect(registry.log.length).toBe(asked);
    const path = /filename: (.*)/.exec(printed.stdout)?.[1] ?? '';
    expect(path).toContain(join('modules', 'tagger-'));
    expect(readFileSync(path)).toEqual(readFileSync(module));
    const wrong = await other.wasme('deploy', 'envoy', reference, '--digest', `sha256:${'0'.repeat(64)}`);
    expect(wrong.stderr).toContain('error[DEPLOY_UNSUPPORTED]');
  });

  it('gives one JSON document with --json', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const { stdout } = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', '--id', 'x', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      target: 'envoy',
      id: 'x',
      code: { from: 'file', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
      documents: [{ name: 'envoy.yaml' }],
      files: [],
    });
  });

  it('checks the configuration against the schema before it writes anything', async () => {
    const machine = newMachine();
    project(machine, { configurationSchema: 'schema.json' });
    writeFileSync(
      join(machine.cwd, 'schema.json'),
      JSON.stringify({
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: { tag: { type: 'string' } },
        additionalProperties: false,
        required: ['tag'],
      }),
    );
    writeFileSync(join(machine.cwd, 'c.json'), '{\n  "tag": 3,\n  "extra": 1\n}\n');
    const bad = await machine.wasme('deploy', 'envoy', '--config', '@c.json', '-o', 'e.yaml');
    expect(bad.exitCode).toBe(1);
    expect(bad.stderr).toContain('error[DEPLOY_CONFIGURATION]');
    expect(bad.stderr).toContain(`${join(machine.cwd, 'c.json')}:2:10: tag: must be string`);
    expect(bad.stderr).toContain(`${join(machine.cwd, 'c.json')}:3:12: extra: the schema has no such field`);
    expect(() => readFileSync(join(machine.cwd, 'e.yaml'))).toThrow();
    const twice = await machine.wasme('deploy', 'envoy', '--config', '{"tag":"a","tag":"b"}');
    expect(twice.stderr).toContain('error[DEPLOY_CONFIGURATION]: --config:1:12: Map keys must be unique\n');
    const text = await machine.wasme('deploy', 'envoy', '--config', 'plain words');
    expect(text.stderr).toContain('error[DEPLOY_CONFIGURATION]: --config:1:1');
    const none = await machine.wasme('deploy', 'envoy');
    expect(none.stderr).toContain('there is no configuration');
    expect((await machine.wasme('deploy', 'envoy', '--config', '{"tag":"x"}')).exitCode).toBe(0);
  });

  it.each([
    // `items` as a list means a tuple in some drafts only.
    ['http://json-schema.org/draft-07/schema#', 'items', 'definitions', 'dependencies'],
    ['http://json-schema.org/draft-06/schema#', 'items', 'definitions', 'dependencies'],
    ['https://json-schema.org/draft/2019-09/schema', 'items', '$defs', 'dependentRequired'],
    ['https://json-schema.org/draft/2020-12/schema', 'prefixItems', '$defs', 'dependentRequired'],
    [undefined, 'prefixItems', '$defs', 'dependentRequired'],
  ])('reads a schema by the draft that it names: %s', async ($schema, tuple, definitions, required) => {
    const machine = newMachine();
    project(machine, { configurationSchema: 'schema.json' });
    const schema = {
      $schema,
      properties: { pair: { [tuple]: [{ type: 'string' }, { $ref: `#/${definitions}/n` }] } },
      [definitions]: { n: { type: 'integer' } },
      [required]: { a: ['b'] },
    };
    writeFileSync(join(machine.cwd, 'schema.json'), JSON.stringify(schema));
    const bad = await machine.wasme('deploy', 'envoy', '--config', '{"pair":["x","y"],"a":1}');
    expect(bad.stderr).toContain('error[DEPLOY_CONFIGURATION]: ');
    expect(bad.stderr).toContain('--config:1:14: pair.1: must be integer');
    expect(bad.stderr).toContain('--config:1:1: must have property b when property a is present');
    expect((await machine.wasme('deploy', 'envoy', '--config', '{"pair":["x",1]}')).exitCode).toBe(0);
    writeFileSync(join(machine.cwd, 'schema.json'), JSON.stringify({ $schema, type: 'number!' }));
    const none = await machine.wasme('deploy', 'envoy', '--config', '{}');
    expect(none.stderr).toContain('schema.json is no JSON Schema: ');
  });

  it('lets a flag pass a variable on that the project sets', async () => {
    const machine = newMachine();
    project(machine, { deploy: { envoy: { env: { A: '1', B: '2' } } } });
    const { stdout } = await machine.wasme('deploy', 'envoy', '--env', 'A', '--env', 'A');
    expect(stdout).toMatch(/host_env_keys:\n +- A\n +key_values:\n +B: "2"\n/);
  });

  it('compares the files of a watched folder', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const argv = ['deploy', 'envoy', 'deploy-tag.wasm', '--dynamic', 'live'];
    const first = await machine.wasme(...argv, '--diff');
    expect(first.stdout).toContain(`+++ ${join(machine.cwd, 'live', 'deploy-tag.ecds.yaml')} (planned)`);
    expect(first.stdout).toContain(`+++ ${join(machine.cwd, 'live', 'envoy.yaml')} (planned)`);
    expect(existsSync(join(machine.cwd, 'live'))).toBe(false);
    await machine.wasme(...argv);
    expect((await machine.wasme(...argv, '--diff')).stdout).toBe('nothing would change\n');
    expect((await machine.wasme(...argv, '--config', 'x', '--diff')).stdout).toMatch(/^\+ +value: x$/m);
  });

  it('warns of what an Envoy might not know', async () => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const told = async (...argv: string[]): Promise<string> =>
      (await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', ...argv)).stderr;
    expect(await told('--envoy-version', '1.41')).toBe(
      'warning: Envoy 1.41 is newer than this wasme knows; written as for 1.40\n',
    );
    const list = ['--dynamic', 'live', '--allow-capabilities', 'auto'];
    expect(await told(...list)).toMatch(/^warning: written for Envoy 1\.40: .* without its list/);
    expect(await told(...list, '--envoy-version', '1.36')).not.toContain('list');
  });

  it.each([
    [['deploy', 'envoy', 'deploy-tag.wasm', '--listener', 'a'], 'USAGE', 'add --in'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--in', 'e', '-p', '1'], 'USAGE', '--port is for a new file'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '-b', 'e', '--admin', '1'], 'USAGE', '--admin is for'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--in', 'e', '--upstream', 'http://a'], 'USAGE', '--upstream'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--dynamic', 'd', '-o', 'e'], 'USAGE', '--output is not for'],
    [['deploy'], 'USAGE', 'no target was named'],
    [['deploy', 'istio', 'deploy-tag.wasm'], 'DEPLOY_UNSUPPORTED', 'wasme push makes one of a file'],
    [['run', 'http://x.example/f.wasm'], 'DEPLOY_UNSUPPORTED', 'name a .wasm file'],
    [['deploy', 'envy'], 'USAGE', 'unknown target "envy"'],
    [['deploy', 'envoy', 'none.wasm'], 'FILE_NOT_FOUND', 'none.wasm'],
    [['deploy', 'envoy'], 'PROJECT_NOT_FOUND', 'no wasme.json'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--id', 'a/b'], 'USAGE', 'a/b'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--envoy-version', '2.0'], 'USAGE', '2.0'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--envoy-version', '1.9'], 'DEPLOY_UNSUPPORTED', '1.9'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--upstream', 'ftp://x'], 'USAGE', 'ftp://x'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--port', '99999'], 'USAGE', '99999'],
    [
      ['deploy', 'envoy', 'deploy-tag.wasm', '--envoy-version', '1.32', '--fail-policy', 'reload'],
      'DEPLOY_UNSUPPORTED',
      '1.32',
    ],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--env', 'A=1', '--env', 'A'], 'USAGE', 'A'],
    [['deploy', 'envoy', 'deploy-tag.wasm', '--env', '=x'], 'USAGE', '"=x" names no variable'],
    [['run', 'deploy-tag.wasm', '--allow-capabilities', 'proxy_lgo'], 'USAGE', 'did you mean "proxy_log"?'],
    [['run', 'deploy-tag.wasm', '--env', ''], 'USAGE', '"" names no variable'],
  ])('refuses %j', async (argv, code, text) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    const { exitCode, stdout, stderr } = await machine.wasme(...argv);
    expect(exitCode).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toContain(text);
    expect(stderr).toContain('help: ');
  });
});
