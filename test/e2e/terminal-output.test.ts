/** Text from outside on every way to the terminal: the real program, in pipes and on a pseudo-terminal. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { compileWat, guestFile } from '../helpers/guests/guests.ts';
import { fakeRegistry } from '../helpers/servers/registry.ts';
import { builtProgram, onTerminal } from '../helpers/cli/terminal.ts';

/** A title, a link (OSC 8), a cleared screen, a colour by C1, DEL, BS, CR, and text that runs the other way. */
const hostile =
  'H\u001b]0;t\u0007\u001b]8;;http://evil\u001b\\\u001b[2J\u001b[31m\u009b31m\u007f\b\rA\u202eB\u2066C\ufeff';
const shown = String.raw`H\x1b]0;t\x07\x1b]8;;http://evil\x1b\\x1b[2J\x1b[31m\x9b31m\x7f\x08`;

/** The colours that we use ourselves. */
const ownColors = /\u001b\[(?:0|1|2|22|31|33|36|39)m/g;
/** Matches the sequences of the progress line: cursor up, cursor to the first column, line cleared. */
const ownMoves = /\u001b\[(?:1A|1G|2K)/g;
const unfit = /[^\P{C}\n\t]|[\u2028\u2029]/u;

function hex(text: string): string {
  return [...Buffer.from(text)].map(byte => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A filter with hostile names, whose `onStart` is the body of its proxy_on_vm_start. */
function module(imports: string, onStart = '(i32.const 1)'): Uint8Array {
  return compileWat(`(module
    ${imports}
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 1024))
    (func (export "${hex(hostile)}"))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${onStart})
    (data (i32.const 0) "${hex(hostile)}\\0aforged"))`);
}

const sizes = Buffer.byteLength(hostile);

/** The module with one custom section more. */
function withSection(bytes: Uint8Array, name: string): Uint8Array {
  const text = Buffer.from(name);
  return Buffer.concat([bytes, Buffer.from([0, text.length + 2, text.length]), text, Buffer.from('x')]);
}

/** Puts a program on PATH that prints hostile text on both streams and fails, after `head`. */
function fakeTool({ home, env }: TestMachine, name: string, head = ''): void {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const path = join(bin, name);
  const text = JSON.stringify(`${hostile}\n${hostile}\n`);
  writeFileSync(
    path,
    `#!${process.execPath}\n${head}\nprocess.stdout.write(${text});\nprocess.stderr.write(${text});\nprocess.exitCode = 1;\n`,
  );
  chmodSync(path, 0o755);
  env['PATH'] = bin;
}

/** A registry that has hostile lists and refuses everything else with a hostile text. */
async function hostileRegistry(): Promise<string> {
  const server = createServer((request, response) => {
    const { url = '' } = request;
    response.setHeader('content-type', 'application/json');
    if (url === '/v2/') response.end('{}');
    else if (url.includes('tags/list')) response.end(JSON.stringify({ name: 'a', tags: [hostile] }));
    else if (url.includes('_catalog')) response.end(JSON.stringify({ repositories: [hostile] }));
    else {
      response.statusCode = 403;
      response.end(JSON.stringify({ errors: [{ code: `DENIED${hostile}`, message: hostile }] }));
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function suite(machine: TestMachine): void {
  guestFile(machine.cwd, 'header');
  const text = {
    module: 'header.wasm',
    cases: [{ name: `${hostile}\n  ✓ forged`, expect: { response: { body: hostile } } }],
  };
  writeFileSync(join(machine.cwd, 'a.test.json'), JSON.stringify(text));
}

interface Way {
  readonly name: string;
  /** Makes what the command meets, and gives its command line. */
  readonly argv: (machine: TestMachine) => Promise<readonly string[]> | readonly string[];
  /** A part of the hostile text that has to be seen; default: nearly all of it. */
  readonly sees?: string | undefined;
}

function file(machine: TestMachine, name: string, content: string | Uint8Array): void {
  writeFileSync(join(machine.cwd, name), content);
}

const imported = `(import "env" "proxy_${hex(hostile)}" (func))`;
const logs = `(drop (call $log (i32.const 2) (i32.const 0) (i32.const ${sizes + 7})))`;

const ways: readonly Way[] = [
  { name: 'an unknown verb', argv: () => [hostile] },
  { name: 'an unknown flag', argv: () => ['build', `--${hostile}`] },
  { name: 'a file that is not there', argv: () => ['inspect', `./${hostile}.wasm`] },
  ...['verify', 'inspect --all', 'run -p 0', 'bench', 'verify -v'].map(line => ({
    name: `an imported name in ${line}`,
    argv: (machine: TestMachine) => {
      file(machine, 'm.wasm', module(imported));
      const [verb = '', ...flags] = line.split(' ');
      return [verb, 'm.wasm', ...flags];
    },
  })),
  {
    name: 'a custom section',
    argv: machine => {
      file(machine, 'm.wasm', withSection(module(''), hostile));
      return ['inspect', 'm.wasm', '--all'];
    },
  },
  {
    name: 'log lines of a filter that refuses to start',
    argv: machine => {
      file(machine, 'm.wasm', module('', `${logs} (i32.const 0)`));
      return ['run', 'm.wasm', '-p', '0', '--trace'];
    },
  },
  {
    name: 'log lines of a filter that traps',
    argv: machine => {
      file(machine, 'm.wasm', module('', `${logs} unreachable`));
      return ['run', 'm.wasm', '-p', '0', '-v'];
    },
  },
  {
    name: 'annotations of an image',
    argv: async machine => {
      const { host } = await fakeRegistry();
      guestFile(machine.cwd, 'minimal');
      const pushed = await machine.wasme(
        ...['push', `${host}/a:v1`, '-f', 'minimal.wasm', '--annotation', `org.${hostile}=${hostile}`],
      );
      expect(pushed.exitCode, pushed.stderr).toBe(0);
      return ['inspect', `${host}/a:v1`];
    },
  },
  { name: 'tags of a registry', argv: async () => ['tags', `${await hostileRegistry()}/a`] },
  { name: 'repositories of a registry', argv: async () => ['search', await hostileRegistry()] },
  { name: 'the error of a registry', argv: async () => ['pull', `${await hostileRegistry()}/a:v1`, '-v'] },
  {
    name: 'kubectl',
    argv: machine => {
      fakeTool(machine, 'kubectl');
      return ['status', 'istio', '--id', 'a'];
    },
    // Output of programs is taken as a terminal would leave it: what a CR writes over is gone.
    sees: String.raw`A\u202eB\u2066C`,
  },
  {
    name: 'the log of an Envoy',
    argv: machine => {
      fakeTool(
        machine,
        'envoy',
        `if (process.argv.includes('--version')) { console.log('envoy  version: abc/1.40.0/Clean'); process.exit(0); }`,
      );
      guestFile(machine.cwd, 'minimal');
      return ['deploy', 'envoy', 'minimal.wasm', '--run', '-p', '0'];
    },
  },
  {
    name: 'an Envoy that does not start',
    argv: machine => {
      fakeTool(
        machine,
        'envoy',
        `if (process.argv.includes('--version')) { console.log('envoy  version: abc/1.40.0/Clean'); process.exit(0); }
         console.error('[2026-01-01 00:00:00.000][1][critical][main] [a.cc:1] ' + ${JSON.stringify(hostile.replace('\r', ''))});`,
      );
      guestFile(machine.cwd, 'minimal');
      return ['run', 'minimal.wasm', '--envoy', '-p', '0', '-v'];
    },
  },
  {
    name: 'compilers in a build',
    argv: machine => {
      fakeTool(machine, 'go');
      fakeTool(machine, 'tinygo');
      file(machine, 'go.mod', 'module a\n');
      file(machine, 'main.go', 'package main\n');
      file(machine, 'wasme.json', JSON.stringify({ name: 'a', language: 'tinygo' }));
      return ['build', '-v'];
    },
    sees: 'H',
  },
  {
    name: 'tools in doctor',
    argv: machine => {
      for (const name of ['go', 'cargo', 'rustc', 'clang++', 'tinygo']) fakeTool(machine, name);
      return ['doctor'];
    },
    sees: 'H',
  },
  ...[
    { name: 'a', language: hostile },
    { name: 'a', [hostile]: 1 },
  ].map((project, index) => ({
    name: `a ${index === 0 ? 'value' : 'field'} of wasme.json`,
    argv: (machine: TestMachine) => {
      file(machine, 'wasme.json', JSON.stringify(project));
      return ['build'];
    },
    // Values are quoted as in the file.
    sees: index === 0 ? String.raw`H\u001b]0;t\u0007` : undefined,
  })),
  {
    name: 'cases of a suite',
    argv: machine => {
      suite(machine);
      return ['test', 'a.test.json'];
    },
  },
];

async function outputOf(
  { cwd, env }: TestMachine,
  argv: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [builtProgram, ...argv], { cwd, env });
  const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
    return text;
  };
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
  return { stdout, stderr };
}

describe.each(['always', 'never'] as const)('with --color %s no control sequence from outside', color => {
  it.each(ways)('gets out of $name', async ({ argv, sees }) => {
    const machine = newMachine();
    const { stdout, stderr } = await outputOf(machine, [...(await argv(machine)), '--color', color]);
    const text = color === 'always' ? `${stdout}${stderr}`.replace(ownColors, '') : `${stdout}${stderr}`;
    expect(text).toContain(sees ?? shown);
    expect(unfit.exec(text)?.index, JSON.stringify(text)).toBeUndefined();
  });
});

it.each(ways)('on a terminal only our own sequences come with $name', async ({ argv, sees }) => {
  const machine = newMachine();
  const line = [...(await argv(machine)), '--color', 'always'];
  const { screen } = await onTerminal(machine.cwd, machine.env, line, []);
  const text = screen.replace(ownColors, '').replace(ownMoves, '').replaceAll('\r\n', '\n');
  expect(text).toContain(sees ?? 'H\\x1b]0;t\\x07');
  expect(unfit.exec(text)?.index, JSON.stringify(text)).toBeUndefined();
});

it.each(ways)('JSON about $name is the same document without unfit characters', async ({ argv }) => {
  const machine = newMachine();
  const { stdout, stderr } = await outputOf(machine, [...(await argv(machine)), '--json']);
  expect(unfit.exec(stdout + stderr)?.index, stdout + stderr).toBeUndefined();
  if (stdout !== '') JSON.parse(stdout);
});

it('a filter cannot forge a log line with a line break', async () => {
  const machine = newMachine();
  const way = ways.find(({ name }) => name.startsWith('log lines'));
  const { stderr } = await outputOf(machine, (await way?.argv(machine)) ?? []);
  expect(stderr).toMatch(/^ {2}\| forged$/m);
  expect(stderr).not.toMatch(/^forged/m);
});

describe('a document', () => {
  const yaml = (bootstrap: string): string =>
    `# \u202e\u200b\u0085 kept\r\n${bootstrap.replaceAll('\n', '\r\n')}`;

  async function bootstrapFile(machine: TestMachine): Promise<string> {
    guestFile(machine.cwd, 'minimal');
    const made = await machine.wasme('deploy', 'envoy', 'minimal.wasm', '--id', 'other');
    expect(made.exitCode, made.stderr).toBe(0);
    const text = yaml(made.stdout);
    file(machine, 'envoy.yaml', text);
    return text;
  }

  it('stays byte for byte in a pipe', async () => {
    const machine = newMachine();
    const text = await bootstrapFile(machine);
    const { stdout, stderr } = await outputOf(machine, [
      'deploy',
      'envoy',
      'minimal.wasm',
      '--in',
      'envoy.yaml',
    ]);
    expect(stdout.slice(0, 40), stderr).toBe(text.slice(0, 40));
  });

  it('is made visible on a terminal', async () => {
    const machine = newMachine();
    await bootstrapFile(machine);
    const line = ['deploy', 'envoy', 'minimal.wasm', '--in', 'envoy.yaml', '--color', 'never'];
    const { screen } = await onTerminal(machine.cwd, machine.env, line, []);
    const text = screen.replace(ownMoves, '').replaceAll('\r\n', '\n');
    expect(text).toContain(String.raw`# \u202e\u200b\x85 kept`);
    expect(unfit.exec(text)?.index, JSON.stringify(text)).toBeUndefined();
  });
});
