/** `wasme bench`: its report, limits, baselines and soak. No test depends on how long something takes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../../src/bench.ts';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { compileProbe } from '../helpers/guests/probe/compile.ts';
import {
  type Script,
  call,
  callHeaders,
  http,
  keep,
  map,
  saved,
  step,
} from '../helpers/guests/probe/script.ts';

const few = ['--streams', '200'];

/** A project whose module is already built from a script. */
function project(callbacks: Script['callbacks'], more: Record<string, unknown> = {}): TestMachine {
  const machine = newMachine();
  mkdirSync(join(machine.cwd, 'build'));
  writeFileSync(
    join(machine.cwd, 'wasme.json'),
    JSON.stringify({ name: 'probe', language: 'rust', ...more }),
  );
  writeFileSync(join(machine.cwd, 'build', 'probe.wasm'), compileProbe({ callbacks }));
  return machine;
}

async function resultOf(
  machine: TestMachine,
  ...argv: string[]
): Promise<BenchResult & { exitCode: number }> {
  const { exitCode, stdout, stderr } = await machine.wasme('bench', '--json', ...few, ...argv);
  expect(stderr).not.toContain('error[');
  return { exitCode, ...(JSON.parse(stdout) as BenchResult) };
}

const adds = call('add_header_map_value', map.requestHeaders, 'x-a', '1');
const reject = call('send_local_response', 403, '', '', [], -1);

describe('wasme bench', () => {
  it('reports streams, callbacks with their host calls, and how streams ended', async () => {
    const machine = project(http({ on_request_headers: step([adds]) }));
    const result = await resultOf(machine);
    expect(Object.keys(result).sort()).toEqual(
      [
        ...[
          'exitCode',
          'target',
          'digest',
          'kind',
          'host',
          'workload',
          'streams',
          'loadMs',
          'stream',
          'empty',
        ],
        ...['filterUs', 'clockUs', 'callbacks', 'outcomes', 'guestMemoryBytes', 'soak', 'baseline'],
        ...['problems', 'ok'],
      ].sort(),
    );
    expect(result).toMatchObject({
      exitCode: 0,
      target: 'probe',
      kind: 'http',
      host: 'envoy@1.40',
      workload: { path: '/', bodyBytes: 1024 },
      streams: 200,
      outcomes: { 200: 200 },
      soak: null,
      baseline: null,
      ok: true,
    });
    expect(Object.keys(result.stream)).toEqual(['medianUs', 'p99Us', 'meanUs', 'minUs', 'perSecond']);
    expect(result.callbacks.map(({ name, perStream }) => [name, perStream])).toEqual(
      expect.arrayContaining([
        ['proxy_on_context_create', 1],
        ['proxy_on_request_headers', 1],
        // The chunk, and the empty one that ends it, as HTTP/1 delivers a body.
        ['proxy_on_request_body', 2],
        ['proxy_on_response_headers', 1],
        ['proxy_on_response_body', 2],
        ['proxy_on_delete', 1],
      ]),
    );
    const headers = result.callbacks.find(({ name }) => name === 'proxy_on_request_headers');
    const body = result.callbacks.find(({ name }) => name === 'proxy_on_request_body');
    // The probe logs its entry, each call and the result of it; the body callback logs its entry only.
    expect(headers!.hostCalls).toBeGreaterThan(body!.hostCalls);
  });

  it('prints the result as text without --json', async () => {
    const machine = project(http());
    const { exitCode, stdout } = await machine.wasme('bench', ...few, '--body', '0', '--soak', '100');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('probe as http filter in envoy@1.40: 200 streams, bodies of 0 bytes');
    expect(stdout).toMatch(/^ {2}guest memory +262 kB, \+0 B per 1000 streams$/m);
    expect(stdout).toMatch(/^ {2}live stream contexts +0$/m);
    expect(stdout).toMatch(/^a stream with the filter +[\d.]+ µs +[\d.]+ µs +[\d.]+ µs$/m);
    expect(stdout).toMatch(/^streams ended with +200: 200$/m);
    expect(stdout).toMatch(/^proxy_on_request_headers +1 +[\d.]+ µs/m);
    expect(stdout).not.toContain('proxy_on_request_body');
  });

  it('counts streams that the filter answers itself by their status', async () => {
    const machine = project(http({ on_request_headers: step([reject], 1) }));
    expect((await resultOf(machine)).outcomes).toEqual({ 403: 200 });
  });

  it('answers call-outs, so that a filter that waits for an answer resumes its stream', async () => {
    const machine = project(
      http({
        on_request_headers: step(
          [keep('call', call('http_call', 'authz', callHeaders('/check'), '', [], 5_000))],
          1,
        ),
        on_http_call_response: step([
          call('set_effective_context', saved('stream')),
          call('continue_stream', 0),
        ]),
      }),
    );
    const result = await resultOf(machine);
    expect(result.outcomes).toEqual({ 200: 200 });
    expect(result.callbacks.map(({ name }) => name)).toContain('proxy_on_http_call_response');
  });

  it('measures connections of a network filter', async () => {
    const machine = project(
      {
        on_context_create: step(),
        on_new_connection: step(),
        on_downstream_data: step(),
        on_upstream_data: step(),
        on_done: step([], 1),
        on_delete: step(),
      },
      { kind: 'network' },
    );
    const result = await resultOf(machine);
    expect(result).toMatchObject({ kind: 'network', outcomes: { closed: 200 } });
    expect(result.callbacks.map(({ name }) => name)).toContain('proxy_on_downstream_data');
  });

  it('measures a .wasm file with its own configuration, headers and host', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'other.wasm'), compileProbe({ callbacks: http() }));
    const flags = ['--config', 'text', '--header', 'X-Team=a', '--path', '/p', '--host', 'istio@1.30'];
    const result = await resultOf(machine, 'other.wasm', ...flags);
    expect(result).toMatchObject({ target: 'other.wasm', workload: { path: '/p' }, host: 'envoy@1.38' });
  });

  it('exits with 1 when the median stream costs more than --max-us, else with 0', async () => {
    const machine = project(http());
    const over = await resultOf(machine, '--max-us', '0.000001');
    expect(over).toMatchObject({ exitCode: 1, ok: false });
    expect(over.problems[0]).toMatch(/^the median stream costs [\d.]+ µs, more than 0\.000001$/);
    expect(await resultOf(machine, '--max-us', '1000000000')).toMatchObject({ exitCode: 0, ok: true });
  });

  it('compares its result with a saved baseline', async () => {
    const machine = project(http());
    await resultOf(machine, '--save', 'base.json');
    const file = join(machine.cwd, 'base.json');
    const saved = JSON.parse(readFileSync(file, 'utf8')) as BenchResult;
    // Numbers that no machine has: what comes out is division.
    const invented = {
      ...saved,
      stream: { ...saved.stream, medianUs: 1e9, p99Us: 2e9, perSecond: 0.001 },
      empty: { ...saved.empty, medianUs: 0 },
      callbacks: [
        { ...saved.callbacks[0], medianUs: 0 },
        { name: 'proxy_on_gone', medianUs: 1 },
      ],
    };
    writeFileSync(file, JSON.stringify(invented));
    const { baseline, stream } = await resultOf(machine, '--baseline', 'base.json');
    const rounded = (value: number): number => Math.round(value * 1000) / 1000;
    expect(baseline).toEqual({
      file: 'base.json',
      median: rounded(stream.medianUs / 1e9),
      p99: rounded(stream.p99Us / 2e9),
      perSecond: rounded(stream.perSecond / 0.001),
      relativeMedian: null,
      callbacks: [{ name: saved.callbacks[0]?.name, median: null }],
    });
    const text = await machine.wasme('bench', ...few, '--baseline', 'base.json', '--body', '1');
    expect(text.stdout).toMatch(/^against base\.json/m);
    expect(text.stderr).toContain('base.json was measured with other streams');
  });

  it('prints the result when it cannot be saved', async () => {
    const machine = project(http());
    writeFileSync(join(machine.cwd, 'file'), '');
    const { exitCode, stdout, stderr } = await machine.wasme('bench', ...few, '--save', 'file/base.json');
    expect(stdout).toContain('median');
    expect(stderr).toContain('error[FILE_ACCESS]: cannot write');
    expect(exitCode).toBe(1);
  });

  it('--soak reports no live contexts and no growth for a filter without a leak', async () => {
    const machine = project(http());
    const { soak, exitCode } = await resultOf(machine, '--soak', '500');
    expect(exitCode).toBe(0);
    expect(soak).toEqual({
      streams: 500,
      guestBytesPer1000: 0,
      guestMemoryBytes: 4 * 65_536,
      heapBytesPer1000: expect.any(Number) as number,
      heapBytes: expect.any(Number) as number,
      liveContexts: 0,
    });
  });

  it('--soak reports the growth of guest memory', async () => {
    const machine = project(http({ on_request_headers: step([{ grow: 1 }]) }));
    const { soak } = await resultOf(machine, '--soak', '100');
    expect(soak).toMatchObject({ guestBytesPer1000: 1000 * 65_536, liveContexts: 0 });
  });

  it('reports streams that the filter never resumes, and exits with 1', async () => {
    const result = await resultOf(project(http({ on_request_headers: step([], 1) })));
    expect(result).toMatchObject({
      exitCode: 1,
      outcomes: { unfinished: 200 },
      problems: ['200 streams were paused and never resumed'],
    });
  });

  it('fails with WASM_TRAP when the filter traps', async () => {
    const machine = project(http({ on_request_body: step([{ trap: true }]) }));
    const { exitCode, stderr, stdout } = await machine.wasme('bench', ...few);
    expect(stderr).toContain('error[WASM_TRAP]: probe trapped');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });

  it.each([
    ['a service', { kind: 'service' }, [], 'is a service: it has no streams'],
    ['an unknown host', {}, ['--host', 'envoy@1.2'], 'envoy@1.2'],
    ['a limit of 0', {}, ['--max-us', '0'], 'It must be a number above 0'],
    ['too few streams', {}, ['--streams', '5'], 'from 100 to 1000000'],
    ['a baseline that is none', {}, ['--baseline', 'wasme.json'], 'error[BENCH_BASELINE]'],
  ])('refuses %s', async (_what, fields, flags, text) => {
    const { exitCode, stderr } = await project(http(), fields).wasme('bench', ...flags);
    expect(stderr).toContain(text);
    expect(exitCode).toBe(2);
  });
});
