/** `test --envoy`: a suite that passes in the bundled host passes in real Envoys; what cannot be observed there is reported. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TestResult } from '../../../src/test.ts';
import { type TestMachine, newMachine } from '../../helpers/cli/cli.ts';
import { compileProbe } from '../../helpers/guests/probe/compile.ts';
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
} from '../../helpers/guests/probe/script.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const add = (type: number, name: string, value: string) => call('add_header_map_value', type, name, value);

/** Asks an authorizer, adds a header each way, makes the response body another, counts. */
const script: Script['callbacks'] = {
  on_configure: step([call('get_buffer_bytes', buffer.pluginConfiguration, 0, 100)], 1),
  on_request_headers: step(
    [
      keep('metric', call('define_metric', 0, 'probe.asked')),
      keep('sizes', call('define_metric', 2, 'probe.sizes')),
      call('increment_metric', saved('metric'), 2n),
      call('record_metric', saved('sizes'), 7n),
      keep('call', call('http_call', 'authz', callHeaders('/check'), 'who', [], 1_000)),
    ],
    1,
  ),
  on_http_call_response: step([
    call('get_header_map_value', map.callHeaders, ':status'),
    call('set_effective_context', saved('stream')),
    add(map.requestHeaders, 'x-user', 'ann'),
    call('continue_stream', 0),
  ]),
  on_response_headers: step([
    add(map.responseHeaders, 'x-b', '2'),
    call('remove_header_map_value', map.responseHeaders, 'content-length'),
  ]),
  on_response_body: step([call('set_buffer_bytes', buffer.responseBody, 0, 0, '>')]),
};

const suite = `configuration: mine
cases:
  - name: everything
    request: { method: POST, path: /p?q=1, authority: a.example, headers: { x-in: [one, two] }, chunks: [ab, cd], trailers: { x-t: t } }
    upstream: { status: 201, headers: { x-up: u }, body: done, trailers: { x-e: e } }
    callouts: { authz: { status: 204, headers: { x-c: c } } }
    expect:
      upstream: { method: POST, path: "/p?q=1", authority: a.example, headers: { x-in: { matches: "one, ?two" }, x-user: ann }, body: abcd, trailers: { x-t: t } }
      response: { status: 201, headers: { x-b: "2", x-up: u }, body: { contains: done }, trailers: { x-e: e } }
      logs: [{ contains: '"mine"' }, { contains: '"204"' }]
      metrics: { probe.asked: 2 }
      callouts: [{ cluster: authz, path: /check, body: who }]
  - name: nobody there
    callouts: { authz: { fails: refused } }
    expect: { logs: [{ contains: '"503"' }], upstream: { headers: { x-user: ann } } }
  - name: nobody answers
    callouts: { authz: { fails: timeout } }
    expect: { logs: [{ contains: '"504"' }], callouts: [{ cluster: authz }] }
  - name: one after the other
    callouts: { authz: [{ status: 403 }] }
    expect: { logs: [{ contains: '"403"' }] }
`;

function machineWith(callbacks: Script['callbacks'], text: string): TestMachine {
  const machine = newMachine();
  writeFileSync(join(machine.cwd, 'probe.wasm'), compileProbe({ callbacks: http(callbacks) }));
  writeFileSync(join(machine.cwd, 'a.test.yaml'), `module: probe.wasm\n${text}`);
  return machine;
}

async function play(machine: TestMachine, ...argv: string[]): Promise<TestResult> {
  const { stdout, stderr } = await machine.wasme('test', '--json', ...argv);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as TestResult;
}

const casesOf = ({ suites }: TestResult) => suites[0]?.cases ?? [];

describeWith(['envoy-1.40', 'envoy-1.36'], 'test --envoy', () => {
  it.each(['1.40', '1.36'] as const)('%s: what passes here passes there', async version => {
    const machine = machineWith(script, suite);
    const names = (result: TestResult) =>
      casesOf(result).map(({ name, status, problems, skipped }) => ({ name, status, problems, skipped }));
    const ours = await play(machine);
    const real = await play(machine, `--envoy=${tool(`envoy-${version}`)}`);
    expect(names(ours).flatMap(({ problems }) => problems)).toEqual([]);
    expect(names(real)).toEqual(names(ours));
    expect(casesOf(real).map(({ notes }) => notes)).toEqual(casesOf(ours).map(({ notes }) => notes));
  });

  it('a difference is reported in the same words as by the bundled host', async () => {
    const machine = machineWith(
      { on_response_headers: step([add(map.responseHeaders, 'x-b', '2')]) },
      `cases:
  - name: wrong
    upstream: { body: b }
    expect:
      upstream: { path: /other, headers: { x-a: "1" } }
      response: { status: 404, body: x, headers: { x-b: null } }
      metrics: { none: 1 }
      callouts: [{ cluster: authz }]
  - { name: asked, expect: { upstream: null, response: null } }
`,
    );
    const ours = await play(machine);
    const real = await play(machine, `--envoy=${tool('envoy-1.40')}`);
    expect(casesOf(real).map(({ problems }) => problems)).toEqual(
      casesOf(ours).map(({ problems }) => problems),
    );
    expect(real).toMatchObject({ passed: 0, failed: 2, skipped: 0 });
  });

  it('a trap fails the case, as here', async () => {
    const machine = machineWith(
      { on_request_headers: step([{ trap: true }]) },
      'cases: [{ name: traps, expect: { response: { status: 503 } } }]',
    );
    for (const flags of [[], [`--envoy=${tool('envoy-1.40')}`]]) {
      const [result] = casesOf(await play(machine, ...flags));
      expect(result?.problems).toEqual([expect.stringContaining('the filter trapped: ')]);
      expect(result?.notes).toEqual([expect.stringContaining('Function: proxy_on_request_headers failed')]);
    }
  });

  it('what only the bundled host can play or see is skipped with its reason', async () => {
    const machine = machineWith(
      script,
      `cases:
  - { name: time, advanceMs: 1000 }
  - { name: https, request: { scheme: https } }
  - { name: full, callouts: { authz: { fails: unavailable } } }
  - { name: by turns, callouts: { authz: [{ fails: refused }, { status: 200 }] } }
  - name: in part
    callouts: { authz: { fails: refused } }
    expect:
      response: { status: 200, details: via_upstream }
      metrics: { probe.asked: 2, probe.sizes: 1 }
      callouts: [{ cluster: authz }]
`,
    );
    const envoy = `--envoy=${tool('envoy-1.40')}`;
    const { exitCode, stdout } = await machine.wasme('test', envoy, '--junit', 'j.xml');
    expect(stdout.split('\n').slice(1)).toEqual([
      '  - time',
      '      skipped: advanceMs: time cannot be moved in a real Envoy',
      '  - https',
      '      skipped: request.scheme: the suite speaks plain HTTP to a real Envoy',
      '  - full',
      '      skipped: callouts.authz: a cluster that takes no call cannot be arranged in a real Envoy',
      '  - by turns',
      '      skipped: callouts.authz: a real server cannot refuse one connection and take another',
      '  ✓ in part',
      '      skipped: expect.response.details: a client does not see it',
      '      skipped: expect.metrics.probe.sizes: Envoy does not tell how often a histogram was recorded',
      '      skipped: expect.callouts: who refuses a connection does not see the call',
      '',
      '1 passed, 0 failed, 4 skipped',
      '',
    ]);
    expect(exitCode).toBe(0);
    const xml = readFileSync(join(machine.cwd, 'j.xml'), 'utf8');
    expect(xml).toContain('tests="5" failures="0" skipped="4"');
    expect(xml).toContain('<skipped message="advanceMs: ');
  });

  it('a filter that refuses its configuration fails the case or is expected, in both hosts', async () => {
    const machine = machineWith(
      { on_configure: step([call('log', 4, 'no such mode')], 0) },
      `cases:
  - { name: refused }
  - { name: as expected, expect: { refused: true, logs: ["no such mode"] } }
`,
    );
    for (const flags of [[], [`--envoy=${tool('envoy-1.40')}`]]) {
      const result = await play(machine, ...flags);
      expect(casesOf(result).map(({ status }) => status)).toEqual(['failed', 'passed']);
      expect(casesOf(result)[0]?.problems).toEqual([
        expect.stringMatching(/^the filter did not start: [^]*Failed to configure base Wasm plugin/),
      ]);
      expect(casesOf(result)[0]?.logs).toContain('error: no such mode');
    }
  });

  it('chunks that a case states reach the filter apart, also with --matrix', async () => {
    const machine = machineWith(
      {},
      `cases:
  - name: apart
    request: { chunks: [ab, c, defg] }
    upstream: { chunks: [hi, jkl, m] }
    expect:
      logs: ["on_request_body(2, 2, 0)", "on_request_body(2, 1, 0)", "on_request_body(2, 4, 0)"]
      response: { body: hijklm }
  - name: also of the response
    request: { chunks: [ab] }
    upstream: { chunks: [hi, jkl, m] }
    expect: { logs: ["on_response_body(2, 2, 0)", "on_response_body(2, 3, 0)", "on_response_body(2, 1, 0)"] }
`,
    );
    for (const flags of [['--matrix'], [`--envoy=${tool('envoy-1.40')}`]]) {
      const result = await play(machine, ...flags);
      expect(casesOf(result).flatMap(({ problems }) => problems)).toEqual([]);
    }
  });
});
