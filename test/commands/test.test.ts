import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TestResult } from '../../src/test.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { compileProbe } from '../helpers/guests/probe/compile.ts';
import {
  type Script,
  buffer,
  call,
  callHeaders,
  http,
  keep,
  map,
  saved,
  step,
} from '../helpers/guests/probe/script.ts';

/** A project whose module is already built from a script, with one suite. */
function project(
  callbacks: Script['callbacks'],
  suite: string,
  machine: TestMachine = newMachine(),
): TestMachine {
  mkdirSync(join(machine.cwd, 'build'));
  writeFileSync(join(machine.cwd, 'wasme.json'), '{"name": "probe", "language": "rust"}');
  writeFileSync(join(machine.cwd, 'build', 'probe.wasm'), compileProbe({ callbacks: http(callbacks) }));
  writeFileSync(join(machine.cwd, 'filter.test.yaml'), suite);
  return machine;
}

const add = (type: number, name: string, value: string) => call('add_header_map_value', type, name, value);
const guard: Script['callbacks'] = {
  on_request_headers: step(
    [keep('call', call('http_call', 'authz', callHeaders('/check'), '', [], 5_000))],
    1,
  ),
  on_http_call_response: step([
    call('get_header_map_value', map.callHeaders, ':status'),
    call('set_effective_context', saved('stream')),
    add(map.requestHeaders, 'x-user', 'ann'),
    call('continue_stream', 0),
  ]),
};

/** Takes the module that src/text names, or fails. */
const compileScript = `import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
mkdirSync('build', { recursive: true });
copyFileSync(readFileSync('src/text', 'utf8') + '.bin', 'build/probe.wasm');
`;

describe('wasme test', () => {
  it('plays the suites of the project and lists the cases that passed', async () => {
    const machine = project(
      {
        on_request_headers: step([add(map.requestHeaders, 'x-a', '1')]),
        on_response_headers: step([add(map.responseHeaders, 'x-b', '2')]),
      },
      `cases:
  - name: both ways
    request: { path: /p, headers: { x-in: [one, two] } }
    upstream: { status: 201, body: done }
    expect:
      upstream: { method: GET, path: /p, headers: { x-a: "1", X-In: "one, two", x-none: null } }
      response: { status: 201, body: { contains: on }, headers: { x-b: { matches: "^\\\\d$" } } }
      logs: [{ contains: "on_request_headers(2" }]
`,
    );
    const { exitCode, stdout } = await machine.wasme('test');
    expect(stdout).toContain('✓ both ways');
    expect(stdout).toContain('1 passed, 0 failed');
    expect(exitCode).toBe(0);
  });

  it('reports every difference and exits with 1', async () => {
    const machine = project(
      {},
      'cases:\n  - name: wrong\n    expect: { upstream: null, response: { status: 404, body: x }, metrics: { m: 1 } }\n',
    );
    const { exitCode, stdout } = await machine.wasme('test', '--json');
    expect(exitCode).toBe(1);
    const { suites, passed, failed } = JSON.parse(stdout) as {
      suites: { cases: { problems: string[] }[] }[];
      passed: number;
      failed: number;
    };
    expect({ passed, failed }).toEqual({ passed: 0, failed: 1 });
    expect(suites[0]?.cases[0]?.problems).toEqual([
      'upstream: must not be asked, but was',
      'response header :status: expected "404", got "200"',
      'response body: expected "x", got ""',
      'metric m: expected 1, got no such metric',
    ]);
  });

  it.each([
    ['an answer', '{ status: 200 }', '"200"', 'x-user: ann'],
    ['a timeout, in no time', '{ fails: timeout }', '"504"', 'x-user: ann'],
    ['a refused connection', '{ fails: refused }', '"503"', 'x-user: ann'],
    ['a list of answers', '[{ status: 403 }]', '"403"', 'x-user: ann'],
  ])('answers call-outs with %s', async (_what, answer, status, header) => {
    const machine = project(
      guard,
      `cases:
  - name: asks
    callouts: { authz: ${answer} }
    expect:
      upstream: { headers: { ${header} } }
      callouts: [{ cluster: authz, path: /check }]
      logs: [{ contains: '${status}' }]
`,
    );
    expect(await machine.wasme('test')).toMatchObject({ exitCode: 0 });
  });

  it('fails a case whose stream the filter pauses and never resumes', async () => {
    const machine = project({ on_request_headers: step([], 1) }, 'cases: [{ name: stuck }]');
    const { exitCode, stdout } = await machine.wasme('test');
    expect(stdout).toContain('the stream is paused, and the filter never resumes it');
    expect(exitCode).toBe(1);
  });

  it('fails a case in which the filter traps', async () => {
    const machine = project(
      { on_request_headers: step([{ trap: true }]) },
      'cases: [{ name: traps, expect: { response: { status: 503 } } }]',
    );
    const { stdout } = await machine.wasme('test');
    expect(stdout).toContain('the filter trapped');
  });

  it('a filter that refuses the configuration of one case fails that case with its log, and the others are played', async () => {
    const machine = project(
      { on_configure: step([call('log', 4, 'no such mode')], 0) },
      `cases:
  - name: refused
    configuration: { mode: odd }
  - name: refused as expected
    configuration: { mode: odd }
    expect: { refused: true, logs: ["no such mode"] }
`,
    );
    const lenient = project({}, 'cases: [{ name: starts, expect: { refused: true } }]');
    const trapping = project({ on_configure: step([{ trap: true }]) }, 'cases: [{ name: traps }]');
    const { exitCode, stdout } = await machine.wasme('test', '--junit', 'results.xml');
    expect(stdout).toContain('✗ refused\n      the filter did not start: ');
    expect(stdout).toContain('log: error: no such mode');
    expect(stdout).toContain('✓ refused as expected');
    expect(stdout).toContain('1 passed, 1 failed');
    expect((await lenient.wasme('test')).stdout).toContain('the filter must refuse to start, but it started');
    expect(exitCode).toBe(1);
    const xml = readFileSync(join(machine.cwd, 'results.xml'), 'utf8');
    expect(xml).toMatch(/<system-out>[^<]*error: no such mode/);
    expect((await trapping.wasme('test')).stdout).toMatch(/the filter did not start: .*unreachable/);
  });

  it('a failed case shows the log of the filter in text, JSON and JUnit, a passed one does not', async () => {
    const panic = call('log', 5, 'panicked at src/lib.rs:7');
    const machine = project(
      {
        on_request_headers: step([
          ...Array.from({ length: 40 }, (_, n) => call('log', 2, `line ${n}`)),
          panic,
          { trap: true },
        ]),
      },
      'cases: [{ name: traps, expect: { response: { status: 503 } } }]',
    );
    const quiet = project({ on_request_headers: step([panic]) }, 'cases: [{ name: fine }]');
    const text = (await machine.wasme('test', '--junit', 'results.xml')).stdout;
    expect(text).toContain('log: critical: panicked at src/lib.rs:7');
    expect(text).toMatch(/log: … \d+ lines before these; -v shows them/);
    expect(text).not.toContain('"line 0"');
    expect((await machine.wasme('test', '-v')).stdout).toContain('line 0');
    const xml = readFileSync(join(machine.cwd, 'results.xml'), 'utf8');
    expect(xml).toMatch(/<system-out>[^<]*panicked at src\/lib.rs:7[^<]*<\/system-out>/);
    expect(xml).toMatch(/<failure [^>]*>[^<]*Proxy-Wasm plugin in-VM backtrace/);
    const logsOf = async (machine: TestMachine): Promise<readonly string[]> => {
      const { stdout } = await machine.wasme('test', '--json');
      return (JSON.parse(stdout) as TestResult).suites[0]?.cases[0]?.logs ?? [];
    };
    expect(await logsOf(machine)).toContain('critical: panicked at src/lib.rs:7');
    expect(await logsOf(quiet)).toEqual([]);
  });

  it('compares with lists of conditions, with files, and with log lines that must be absent', async () => {
    const machine = project(
      { on_request_headers: step([call('log', 2, 'one two')]) },
      `cases:
  - name: fits
    upstream: { body: "<p>hi</p>\\n", headers: { x-a: "1, 2" } }
    expect:
      response: { body: { file: pages/hi.html }, headers: { x-a: [{ contains: "1" }, { matches: "2$" }] } }
      logs: [[{ contains: one }, { contains: two }], { absent: { contains: three } }]
  - name: differs
    upstream: { body: "<p>ho</p>\\n", headers: { x-a: "1, 2" } }
    expect:
      response: { body: { file: pages/hi.html }, headers: { x-a: [{ contains: "1" }, { matches: "3$" }] } }
      logs: [[{ contains: one }, { contains: on_log }], { absent: one two }]
`,
    );
    expect((await machine.wasme('test')).stderr).toMatch(/error\[FILE_NOT_FOUND\].*pages\/hi.html/);
    mkdirSync(join(machine.cwd, 'pages'));
    writeFileSync(join(machine.cwd, 'pages', 'hi.html'), '<p>hi</p>\n');
    const { suites } = JSON.parse((await machine.wasme('test', '--json')).stdout) as TestResult;
    expect(suites[0]?.cases.map(({ problems }) => problems)).toEqual([
      [],
      [
        'response header x-a: expected something like /3$/, got "1, 2"',
        'response body: expected the text of pages/hi.html, got "<p>ho</p>\\n"',
        'logs: no single line matches',
        'logs: a line must not be there, but is "one two"',
      ],
    ]);
    const before = readFileSync(join(machine.cwd, 'filter.test.yaml'), 'utf8');
    expect((await machine.wasme('test', '--update')).stdout).toContain('1 passed, 1 failed');
    expect(readFileSync(join(machine.cwd, 'filter.test.yaml'), 'utf8')).toBe(before);
  });

  it('fails a case in which a body has another length than its content-length, however it is cut', async () => {
    const machine = project(
      { on_request_body: step([call('set_buffer_bytes', buffer.requestBody, 0, 0, 'more')]) },
      'cases: [{ name: longer, request: { body: hello, headers: { content-length: "5" } } }]',
    );
    const { stdout } = await machine.wasme('test', '--matrix');
    expect(stdout.match(/the request that left has content-length 5/g)).toHaveLength(3);
    expect(stdout).toContain('longer (bytes)');
  });

  it('gives a case its own configuration, and runs ticks during advanceMs', async () => {
    const machine = project(
      {
        on_configure: step(
          [
            call('get_buffer_bytes', buffer.pluginConfiguration, 0, 100),
            call('set_tick_period_milliseconds', 1_000),
          ],
          1,
        ),
        on_tick: step([]),
      },
      `configuration: { a: 1 }
cases:
  - name: own
    configuration: mine
    advanceMs: 2500
    expect: { logs: [{ contains: '"mine"' }, { contains: on_tick }] }
  - name: of the suite
    expect: { logs: [{ contains: '{"a":1}' }] }
`,
    );
    expect(await machine.wasme('test')).toMatchObject({ exitCode: 0 });
  });

  const polls = { on_request_headers: step([call('get_property', 'node\0id')]) };

  it.each([
    ['envoy@1.36', 'one'],
    ['istio@1.30', 'one'],
    ['gloo@ee', 'one'],
    ['envoy-gateway@1.6', 'one'],
    ['envoy@1.36,istio@1.30', 'one (envoy@1.36)', 'one (istio@1.30)'],
    ['envoy@1.36,istio@1.28', 'one'],
  ])('plays on the hosts that run takes: %s', async (hosts, ...names) => {
    const { stdout, exitCode } = await project(polls, 'cases: [{ name: one }]').wasme(
      'test',
      '--host',
      hosts,
    );
    expect(stdout.match(/✓ .*/g)).toEqual(names.map(name => `✓ ${name}`));
    expect(exitCode).toBe(0);
  });

  it('--host chooses the host of the filter; --matrix plays on every host that the project names', async () => {
    const machine = project(
      polls,
      'cases: [{ name: old, expect: { logs: [{ contains: "get_property = 0" }] } }]',
    );
    expect(await machine.wasme('test', '--host', 'envoy@1.32')).toMatchObject({ exitCode: 0 });
    expect(await machine.wasme('test')).toMatchObject({ exitCode: 1 });
    const hosts = ['envoy@1.32', 'istio@1.31', 'higress'];
    writeFileSync(
      join(machine.cwd, 'wasme.json'),
      JSON.stringify({ name: 'probe', language: 'rust', run: { host: 'envoy@1.32' }, hosts }),
    );
    expect(await machine.wasme('test')).toMatchObject({ exitCode: 0 });
    const all = await machine.wasme('test', '--matrix');
    expect(all.stdout.match(/[✓✗] .*/g)).toEqual([
      ...['whole', 'halves', 'bytes'].map(cut => `✓ old (envoy@1.32, ${cut})`),
      ...['whole', 'halves', 'bytes'].map(cut => `✗ old (istio@1.31, ${cut})`),
    ]);
    expect(all.stderr).toContain('warning: not played: higress has Envoy 1.27 inside');
  });

  it('--update writes observed values, and keeps patterns, comments and cases of broken filters', async () => {
    const machine = project(
      {
        on_request_headers: step([add(map.requestHeaders, 'x-a', '1')]),
        on_response_headers: step([add(map.responseHeaders, 'x-b', '2')]),
      },
      `# of the suite
cases:
  - name: wrong # one
    upstream: { status: 201, headers: { x-old: o }, body: '{"a":1}' }
    expect:
      upstream: { path: /other, headers: { X-A: "9", x-none: gone } } # two
      response: { status: 404, body: { json: { a: 2 } }, headers: { x-b: { matches: ^3 } } }
  - name: nothing yet
    request: { path: /p, headers: { x-in: i }, body: sent }
    upstream: { body: got, headers: { x-old: o } }
  - { name: fits, expect: { response: { status: 200 } } }
`,
    );
    const first = await machine.wasme('test', '--update');
    expect(first).toMatchObject({ exitCode: 1 });
    expect(first.stdout).toContain('2 passed, 1 failed, 6 written');
    expect(first.stdout).toContain('response header x-b: expected something like /^3/, got "2"');
    const file = join(machine.cwd, 'filter.test.yaml');
    expect(readFileSync(file, 'utf8')).toBe(`# of the suite
cases:
  - name: wrong # one
    upstream: { status: 201, headers: { x-old: o }, body: '{"a":1}' }
    expect:
      upstream: { path: /, headers: { X-A: "1", x-none: null } } # two
      response: { status: 201, body: { json: { a: 1 } }, headers: { x-b: { matches: ^3 } } }
  - name: nothing yet
    request: { path: /p, headers: { x-in: i }, body: sent }
    upstream: { body: got, headers: { x-old: o } }
    expect:
      upstream:
        path: /p
        headers:
          x-a: "1"
      response:
        status: 200
        headers:
          x-b: "2"
        body: got
  - { name: fits, expect: { response: { status: 200 } } }
`);
    const again = await machine.wasme('test', '-u', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ passed: 2, failed: 1, updated: 0 });
    expect((await machine.wasme('test', '-u', '--matrix')).stderr).toContain('error[USAGE]');
    const trap = project({ on_request_headers: step([{ trap: true }]) }, 'cases: [{ name: traps }]');
    expect(await trap.wasme('test', '-u')).toMatchObject({ exitCode: 1 });
    expect(readFileSync(join(trap.cwd, 'filter.test.yaml'), 'utf8')).toBe('cases: [{ name: traps }]');
  });

  it('--update writes call-outs, metrics, and null for an expected message that did not come', async () => {
    const machine = project(
      guard,
      `cases:
  - name: asks
    callouts: { authz: { status: 200 } }
    expect:
      upstream: null
      response: null
      callouts: []
  - name: stays away
    request: { path: /x }
    callouts: { authz: { status: 200 } }
    expect: { callouts: [{ cluster: other, path: /wrong }] }
`,
    );
    expect(await machine.wasme('test', '-u')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(machine.cwd, 'filter.test.yaml'), 'utf8')).toContain(`    expect:
      upstream: { method: GET, path: / }
      response: { status: 200 }
      callouts: [ { cluster: authz, path: /check } ]
`);
  });

  it.each([
    [['--host', 'envoy@1.36'], 'USAGE]: --host is not possible with --envoy', 2],
    [['--update'], 'USAGE]: --update is not possible with --envoy', 2],
    [[], 'TOOL_MISSING]: no Envoy was found', 1],
  ])('--envoy %j', async (argv, says, exit) => {
    const machine = project({}, 'cases: [{ name: a }]', newMachine({ env: { PATH: '' } }));
    const { exitCode, stderr } = await machine.wasme('test', '--envoy', 'filter.test.yaml', ...argv);
    expect(stderr).toContain(`error[${says}`);
    expect(exitCode).toBe(exit);
  });

  it('--watch plays again when suites, modules, configurations and sources are saved', async () => {
    const stop = new AbortController();
    const machine = newMachine({ signal: stop.signal });
    const save = (name: string, text: string | Uint8Array): void =>
      writeFileSync(join(machine.cwd, name), text);
    const says = (header: string): Uint8Array =>
      compileProbe({
        callbacks: http({ on_response_headers: step([add(map.responseHeaders, 'x-b', header)]) }),
      });
    mkdirSync(join(machine.cwd, 'src'));
    for (const name of ['one', 'two']) save(`${name}.bin`, says(name));
    save('compile.mjs', compileScript);
    save('src/text', 'one');
    const build = { command: [process.execPath, 'compile.mjs'], source: 'src' };
    save('wasme.json', JSON.stringify({ name: 'probe', language: 'assemblyscript', build }));
    const suite = (header: string): string =>
      `cases: [{ name: a, expect: { response: { headers: { x-b: ${header} } } } }]`;
    save('a.test.yaml', suite('one'));
    const screen = { out: '', err: '' };
    const running = machine.wasmeLive(screen, 'test', '--watch');
    onTestFinished(() => stop.abort());
    const said = async (text: string, where: 'out' | 'err' = 'out'): Promise<void> => {
      await expect.poll(() => screen[where]).toContain(text);
      screen.out = '';
      screen.err = '';
    };
    await said('1 passed, 0 failed');
    save('src/text', 'two');
    await said('expected "one", got "two"');
    save('a.test.yaml', suite('two'));
    await said('1 passed, 0 failed');
    save('src/text', 'none');
    await said('error[BUILD_FAILED]', 'err');
    save('b.test.yaml', 'configuration: "@c.json"\ncases: [{ name: b }]');
    await said('error[FILE_NOT_FOUND]', 'err');
    save('c.json', '{}');
    await said('2 passed, 0 failed');
    stop.abort();
    expect(await running).toBe(130);
  });

  it('writes JUnit XML', async () => {
    const machine = project(
      {},
      'cases: [{ name: "a <b>" }, { name: c, expect: { response: { status: 500 } } }]',
    );
    expect(await machine.wasme('test', '--junit', 'out/results.xml')).toMatchObject({ exitCode: 1 });
    const xml = readFileSync(join(machine.cwd, 'out', 'results.xml'), 'utf8');
    expect(xml).toContain('tests="2" failures="1" skipped="0"');
    expect(xml).toContain('name="a &lt;b&gt;"');
  });

  it('prints the results when the XML cannot be written', async () => {
    const machine = project({}, 'cases: [{ name: a }]');
    writeFileSync(join(machine.cwd, 'file'), '');
    const { exitCode, stdout, stderr } = await machine.wasme('test', '--junit', 'file/results.xml', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ passed: 1, failed: 0 });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'FILE_ACCESS' } });
    expect(exitCode).toBe(1);
  });

  it.each([
    ['no suite', 'cases: []', 'SUITE_INVALID', 2],
    ['a field that does not exist', 'cases: [{ name: a, expects: {} }]', 'SUITE_INVALID', 2],
    ['no YAML', 'cases: [', 'SUITE_INVALID', 2],
  ])('refuses a suite with %s', async (_what, suite, code, exit) => {
    const { exitCode, stderr } = await project({}, suite).wasme('test');
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toMatch(/filter\.test\.yaml:\d+:\d+: /);
    expect(exitCode).toBe(exit);
  });

  it('names a missing suite, module or host', async () => {
    const empty = newMachine();
    expect((await empty.wasme('test')).stderr).toContain(`no test suite in ${empty.cwd}`);
    mkdirSync(join(empty.cwd, 'sub'));
    expect((await empty.wasme('test', 'sub')).stderr).toContain('no test suite in sub\n');
    expect((await empty.wasme('test', 'nope')).stderr).toMatch(
      /no such suite: nope\nhelp: name a file or folder/,
    );
    const unbuilt = newMachine();
    writeFileSync(join(unbuilt.cwd, 'wasme.json'), '{"name": "probe", "language": "rust"}');
    writeFileSync(join(unbuilt.cwd, 'x.test.json'), '{"cases": [{"name": "a"}]}');
    expect((await unbuilt.wasme('test')).stderr).toContain('run "wasme build" first');
    // The suites below are found, but only the project of the current folder has a module.
    const above = newMachine();
    mkdirSync(join(above.cwd, 'filter'));
    writeFileSync(join(above.cwd, 'filter', 'wasme.json'), '{"name": "probe", "language": "rust"}');
    writeFileSync(join(above.cwd, 'filter', 'x.test.json'), '{"cases": [{"name": "a"}]}');
    expect((await above.wasme('test')).stderr).toMatch(
      /filter\/x\.test\.json names no module, and the current folder is not in a project\nhelp: run "wasme test" in the folder of wasme\.json/,
    );
    const { stderr, exitCode } = await project({}, 'cases: [{ name: a }]').wasme(
      'test',
      '--host',
      'envoy@1.1',
    );
    expect(stderr).toContain('envoy@1.1 has Envoy 1.1 inside');
    expect(exitCode).toBe(2);
  });
});
