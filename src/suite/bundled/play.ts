/** Plays one case: a fresh filter, one request, and the comparison of what came out with what the suite expects. */
import { LocalMetrics, MetricType, createHost } from '../../host/index.ts';
import { HttpStreamDriver } from './http-stream-driver.ts';
import type { HostProfile } from '../../host/profiles.ts';
import { type Chunking, observed } from '../message.ts';
import { type CasePath, type Difference, compare } from '../expectations/compare.ts';
import type { CaseOutcome } from '../outcome.ts';
import { recordedExpectation } from '../expectations/record.ts';
import type { CaseResult } from '../result.ts';
import type { Case } from '../file/schema.ts';
import { VirtualEnvironment } from './virtual-environment.ts';

export interface PlayOptions {
  /** Plugin name. */
  readonly name: string;
  readonly module: Uint8Array;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  readonly profile: HostProfile;
  /** How bodies are cut. */
  readonly cut: Chunking;
}

/** Where in a case a seen value belongs. */
export interface ExpectationEdit {
  readonly path: CasePath;
  readonly value: unknown;
}

export interface Played {
  readonly result: CaseResult;
  /** What makes the case pass: values that are expected otherwise, or all of them when nothing was expected. */
  readonly edits: readonly ExpectationEdit[];
}

/** A stream that has not moved for this long of virtual time will never move. */
const patienceMs = 60_000;

/** Fails with WASM_INVALID, WASM_ABI or WASM_START when the module does not load. */
export async function playCase(testCase: Case, options: PlayOptions): Promise<Played> {
  const startedMs = performance.now();
  const { name, rootId, configuration, profile, cut } = options;
  const world = new VirtualEnvironment(testCase.callouts ?? {});
  const metrics = new LocalMetrics();
  const host = createHost({ environment: world, profile, metrics, logLevel: () => 0 });
  const plugin = await host.loadPlugin(options.module, { name, rootId, configuration });
  const exchange = new HttpStreamDriver(host.httpChain([plugin]), world, testCase.upstream ?? {}, cut);
  exchange.send(testCase.request ?? {});
  world.run(patienceMs, () => exchange.over);
  const stuck = !exchange.over && testCase.expect?.response !== null;
  if (testCase.advanceMs !== undefined) world.run(testCase.advanceMs, () => false);
  exchange.end();
  const outcome = outcomeOf(exchange, world, metrics);
  const faults = [
    ...(stuck ? ['the stream is paused and nobody will resume it'] : []),
    ...(plugin.failure === undefined ? [] : [`the filter trapped: ${plugin.failure}`]),
    ...lengthProblems(outcome, testCase.request?.method),
  ];
  const differences = compare(testCase.expect ?? {}, outcome);
  const problems = [...faults, ...differences.map(({ text }) => text)];
  host.close();
  return {
    result: {
      name: testCase.name,
      status: problems.length > 0 ? 'failed' : 'passed',
      problems,
      skipped: [],
      notes: world.logs.filter(({ source }) => source === 'host').map(({ text }) => text),
      durationMs: performance.now() - startedMs,
    },
    // What a filter did that is broken is nothing to be expected.
    edits: faults.length > 0 ? [] : editsOf(testCase, differences, outcome),
  };
}

function editsOf(
  testCase: Case,
  differences: readonly Difference[],
  outcome: CaseOutcome,
): ExpectationEdit[] {
  if (testCase.expect === undefined) {
    return [{ path: ['expect'], value: recordedExpectation(testCase, outcome) }];
  }
  return differences.flatMap(({ edit }) => edit ?? []);
}

function outcomeOf(
  exchange: HttpStreamDriver,
  world: VirtualEnvironment,
  metrics: LocalMetrics,
): CaseOutcome {
  return {
    upstream: exchange.upstream.seen(),
    response: exchange.over && !exchange.wasReset ? exchange.downstream.seen() : undefined,
    details: exchange.info.responseCodeDetails,
    logs: world.logs.filter(({ source }) => source === 'guest').map(({ text }) => text),
    metrics: new Map(
      metrics
        .list()
        .map(metric => [
          metric.name,
          metric.type === MetricType.Histogram ? metric.count : Number(metric.value()),
        ]),
    ),
    callouts: world.callouts.map(({ cluster, headers, body }) => ({
      cluster,
      request: observed(headers, [body], undefined),
    })),
  };
}

/** A peer would wait for the missing bytes, or take the rest for another message. */
function lengthProblems({ upstream, response }: CaseOutcome, method: string | undefined): string[] {
  return (
    [
      ['request', upstream],
      // The answer to HEAD tells the length of a body that does not follow.
      ['response', method === 'HEAD' ? undefined : response],
    ] as const
  ).flatMap(([what, message]) => {
    const length = message?.headers.get('content-length')?.[0];
    if (message === undefined || length === undefined || Number(length) === message.bodyBytes) return [];
    return [`the ${what} that left has content-length ${length} and a body of ${message.bodyBytes} bytes`];
  });
}
