/** The verb `bench`: measures the cost of a filter in the bundled host, for each stream and callback, and looks for growth. */
import { resolve } from 'node:path';
import { digestOf } from './io/sha256.ts';
import { WasmeError } from './errors.ts';
import { profileFor } from './host/profiles.ts';
import type { SystemContext } from './io/system-context.ts';
import { writeAtomic } from './io/files/files.ts';
import { subjectOf } from './oci/compatibility/check-image.ts';
import { type OpenedSource, type SourceOptions, withSource } from './oci/source.ts';
import { configurationBytes } from './project/configuration.ts';
import { type Comparison, compareWith, loadBaseline } from './suite/bench/baseline.ts';
import { type CallbackCost, HostCallCount, callbackCosts, clockCallbacks } from './suite/bench/callbacks.ts';
import { type StreamSamples, yieldToLoop, clockCostUs, measureStreams } from './suite/bench/measure.ts';
import { type BenchSubject, type BenchSetup, openBenchSetup } from './suite/bench/bench-setup.ts';
import { type SoakReport, soak } from './suite/bench/soak.ts';
import { type Spread, rounded, spreadOf } from './suite/bench/statistics.ts';
import type { Workload } from './suite/bench/traffic.ts';
import type { StreamKind } from './project/names.ts';

export interface BenchOptions extends Pick<SourceOptions, 'registry'> {
  /** Project folder, .wasm file or image; default: the project around the current folder. */
  readonly target?: string | undefined;
  /** Plugin configuration, text or @file; default that of wasme.json. */
  readonly configuration?: string | undefined;
  readonly rootId?: string | undefined;
  readonly kind?: StreamKind | undefined;
  /** `envoy@1.36`, `istio@1.30`; default that of wasme.json, else the newest Envoy. */
  readonly host?: string | undefined;
  /** Exactly so many streams; default 10 000, or as many as fit into ten seconds. */
  readonly streams?: number | undefined;
  /** Path, extra headers and body of every request; default `/`, none, 1024 bytes. */
  readonly workload?: Partial<Workload> | undefined;
  /** So many streams more, watched for growth. */
  readonly soak?: number | undefined;
  /** Result of an earlier run, to compare with. */
  readonly baseline?: string | undefined;
  /** Writes the result there. */
  readonly save?: string | undefined;
  /** Receives the result before it is written to a file, which may fail. */
  readonly onResult?: ((result: BenchResult) => void) | undefined;
  /** The median stream may cost so much, in microseconds. */
  readonly maxUs?: number | undefined;
}

/** Every field is described in docs/benchmarks.md. */
export interface BenchResult {
  readonly target: string;
  readonly digest: string;
  readonly kind: StreamKind;
  readonly host: string;
  readonly workload: { readonly path: string; readonly bodyBytes: number };
  readonly streams: number;
  readonly loadMs: number;
  readonly stream: Spread & { readonly perSecond: number };
  readonly empty: Spread;
  /** Median of `stream` less that of `empty`. */
  readonly filterUs: number;
  readonly clockUs: number;
  readonly callbacks: readonly CallbackCost[];
  readonly outcomes: StreamSamples['outcomes'];
  readonly guestMemoryBytes: number;
  readonly soak: SoakReport | null;
  readonly baseline: Comparison | null;
  /** One line for each limit that was exceeded and each stream that did not end; empty when `ok`. */
  readonly problems: readonly string[];
  readonly ok: boolean;
}

const defaultStreams = 10_000;
const defaultBudgetMs = 10_000;

/**
 * Fails as `withSource` does, with WASM_INVALID, WASM_ABI, WASM_START, WASM_TRAP, BENCH_BASELINE, and with USAGE for an
 * unknown host and for a filter that has no streams. A limit that is exceeded is a result.
 */
export async function bench(options: BenchOptions, system: SystemContext): Promise<BenchResult> {
  // Read first, so that a wrong path fails before the measurement.
  const path = options.baseline === undefined ? undefined : resolve(system.cwd, options.baseline);
  const then = path === undefined ? undefined : await loadBaseline(path);
  const { subject, target } = await withSource(options.target, options, system, async opened => ({
    target: opened.name,
    subject: await benchSubject(opened, options, system),
  }));
  const { kind, workload } = subject;
  if (then !== undefined && (then.kind !== kind || then.workload.bodyBytes !== workload.bodyBytes)) {
    system.reporter.warn(`${options.baseline} was measured with other streams, so the ratios mean little`);
  }
  const task = system.reporter.task(`measure ${target}`);
  const run = async () => ({
    measured: await measure(subject, options, system),
    soaked: options.soak === undefined ? null : await soakSubject(subject, options.soak, system),
  });
  const { measured, soaked } = await run().catch((error: unknown) => {
    task.fail();
    throw error;
  });
  task.done();
  const problems = problemsOf(measured, soaked, options.maxUs);
  const result: BenchResult = {
    target,
    digest: digestOf(subject.module),
    kind,
    host: subject.profile.name,
    workload: { path: workload.path, bodyBytes: workload.bodyBytes },
    ...measured,
    soak: soaked,
    baseline:
      then === undefined || path === undefined ? null : compareWith(options.baseline ?? path, then, measured),
    problems,
    ok: problems.length === 0,
  };
  options.onResult?.(result);
  if (options.save !== undefined) {
    await writeAtomic(resolve(system.cwd, options.save), `${JSON.stringify(result, null, 2)}\n`);
  }
  return result;
}

async function benchSubject(
  opened: OpenedSource,
  options: BenchOptions,
  system: SystemContext,
): Promise<BenchSubject> {
  const project = opened.kind === 'image' ? undefined : opened.project;
  const read = opened.kind === 'image' ? (await subjectOf(opened)).read : undefined;
  const module = opened.kind === 'image' ? read?.module : opened.module;
  if (module === undefined) {
    throw new WasmeError('IMAGE_INVALID', `${opened.name} holds no module that can be read`, {
      hint: `wasme verify ${opened.name}`,
    });
  }
  const kind = options.kind ?? project?.project.kind ?? 'http';
  if (kind === 'service') {
    throw new WasmeError('USAGE', `${opened.name} is a service: it has no streams to measure`, {
      hint: 'name a filter of kind http or network',
    });
  }
  const given = options.configuration;
  return {
    name: project?.project.name ?? 'filter',
    module,
    kind,
    rootId: options.rootId ?? project?.project.rootId ?? read?.runtime?.rootIds[0] ?? '',
    configuration:
      given === undefined
        ? await configurationBytes(project?.project.configuration, project?.dir ?? system.cwd)
        : await configurationBytes(given, system.cwd),
    environmentVariables: project?.project.run?.env ?? {},
    profile: profileFor(options.host ?? project?.project.run?.host),
    workload: { path: '/', headers: [], bodyBytes: 1024, ...options.workload },
  };
}

async function withSetup<T>(setup: Promise<BenchSetup>, body: (setup: BenchSetup) => Promise<T>): Promise<T> {
  const opened = await setup;
  try {
    return await body(opened);
  } finally {
    opened.close();
  }
}

/** Measures whole streams first, without trace or clocks inside; then single callbacks in shorter passes. */
async function measure(subject: BenchSubject, options: BenchOptions, { signal }: SystemContext) {
  const streams = options.streams ?? defaultStreams;
  const whole = await withSetup(openBenchSetup(subject), async setup => {
    const budgetMs = options.streams === undefined ? defaultBudgetMs : Number.POSITIVE_INFINITY;
    const warmUpStreams = Math.min(2_000, streams);
    const samples = await measureStreams(setup, { streams, warmUpStreams, budgetMs, signal });
    return { ...samples, loadMs: setup.loadMs, guestMemoryBytes: setup.plugin.memoryBytes };
  });
  const stream = spreadOf(whole.filtered);
  const empty = spreadOf(whole.empty);
  return {
    streams: whole.filtered.length,
    loadMs: rounded(whole.loadMs),
    stream: { ...stream, perSecond: stream.meanUs > 0 ? Math.round(1e6 / stream.meanUs) : 0 },
    empty,
    filterUs: rounded(stream.medianUs - empty.medianUs),
    clockUs: rounded(clockCostUs()),
    callbacks: await measureCallbacks(subject, Math.min(2_000, whole.filtered.length), signal),
    outcomes: whole.outcomes,
    guestMemoryBytes: whole.guestMemoryBytes,
  };
}

async function measureCallbacks(
  subject: BenchSubject,
  streams: number,
  signal: AbortSignal,
): Promise<CallbackCost[]> {
  const calls = new HostCallCount();
  await withSetup(openBenchSetup(subject, calls.listen), setup => play(setup, Math.min(50, streams), signal));
  return withSetup(openBenchSetup(subject), async setup => {
    // The code of the guest is compiled by then, and the clocks are new: no warm-up is among the samples.
    await play(setup, streams, signal);
    const samples = clockCallbacks(setup.plugin);
    await play(setup, streams, signal);
    return callbackCosts(samples, streams, calls);
  });
}

async function play(setup: BenchSetup, streams: number, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < streams; i++) {
    setup.filtered();
    setup.between();
    if (i % 100 === 99) await yieldToLoop(setup.plugin, signal);
  }
  await yieldToLoop(setup.plugin, signal);
}

async function soakSubject(
  subject: BenchSubject,
  streams: number,
  { signal }: SystemContext,
): Promise<SoakReport> {
  return withSetup(openBenchSetup(subject), setup => soak(setup, streams, signal));
}

function problemsOf(
  { stream, outcomes }: Pick<BenchResult, 'stream' | 'outcomes'>,
  soaked: SoakReport | null,
  maxUs: number | undefined,
): string[] {
  const unfinished = outcomes['unfinished'] ?? 0;
  const left = soaked?.liveContexts ?? 0;
  return [
    ...(maxUs !== undefined && stream.medianUs > maxUs
      ? [`the median stream costs ${stream.medianUs} µs, more than ${maxUs}`]
      : []),
    ...(unfinished > 0 ? [`${unfinished} streams were paused and never resumed`] : []),
    ...(left > 0 ? [`${left} stream contexts were not deleted`] : []),
  ];
}
