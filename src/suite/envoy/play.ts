/** Plays one case in a real Envoy of its own: client, upstream and clusters are sockets, and time is real. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { bootstrap } from '../../targets/envoy/bootstrap.ts';
import { type EnvoyProgram, type RunningEnvoy, startEnvoy } from '../../targets/envoy/launch.ts';
import { type EnvoyRecord, recordArguments, recordMark, recordReader } from '../../targets/envoy/log.ts';
import { renderYaml } from '../../targets/yaml.ts';
import { compare } from '../expectations/compare.ts';
import { refusalProblems } from '../expectations/refusal.ts';
import type { Chunking } from '../message.ts';
import type { ObservedMessage, CaseOutcome } from '../outcome.ts';
import type { CaseResult } from '../result.ts';
import type { Callout, Case } from '../file/schema.ts';
import { sendRequest } from './client.ts';
import { unsupportedIn } from './unsupported.ts';
import { type FakeUpstream, freePort, startFakeUpstream } from './fake-upstream.ts';

export interface EnvoyPlayOptions {
  /** Plugin name. */
  readonly name: string;
  /** Absolute. */
  readonly modulePath: string;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  readonly cut: Chunking;
  readonly envoy: EnvoyProgram;
  /** `1.40.0` */
  readonly release: string;
}

/** Longer than a filter waits for a call-out in most suites. */
const patienceMs = 20_000;
/** Time without a response after which a case that expects none passes. */
const silenceMs = 2_000;
/** Log lines and statistics come a moment after the response. */
const settleMs = 1_500;
const lookMs = 25;

/** Fails as `startEnvoy` does. */
export async function playInEnvoy(
  testCase: Case,
  options: EnvoyPlayOptions,
  system: SystemContext,
): Promise<CaseResult> {
  const startedMs = performance.now();
  const { whole } = unsupportedIn(testCase);
  const { name } = testCase;
  if (whole !== undefined) {
    return { name, status: 'skipped', problems: [], notes: [], logs: [], skipped: [whole], durationMs: 0 };
  }
  const stage = new Stage(options);
  try {
    const envoy = await stage.start(testCase, system).catch((error: unknown) => asRefusal(error));
    const refused = testCase.expect?.refused === true;
    if (typeof envoy === 'string' || refused) {
      const refusal = typeof envoy === 'string' ? envoy : undefined;
      const problems = refusalProblems(refusal, refused);
      return {
        name,
        status: problems.length > 0 ? 'failed' : 'passed',
        problems,
        notes: stage.records.filter(isNote).map(({ text }) => text),
        logs: problems.length === 0 ? [] : stage.guestLines(),
        skipped: [],
        durationMs: performance.now() - startedMs,
      };
    }
    const limitMs = testCase.expect?.response === null ? silenceMs : patienceMs;
    const port = await envoy.port('main');
    const response = await sendRequest(port, testCase.request ?? {}, options.cut, limitMs, system.signal);
    const deadline = performance.now() + settleMs;
    for (;;) {
      const outcome = await stage.outcome(envoy, response);
      const { expect, parts } = unsupportedIn(testCase, outcome.histograms);
      const traps = stage.records.flatMap(({ text }) => /Function: \S+ failed: [^\n]*/.exec(text) ?? []);
      const problems = [
        ...traps.map(text => `the filter trapped: ${text}`),
        ...(response === undefined && expect.response === undefined ? ['no whole response came'] : []),
        ...compare(expect, outcome).map(({ text }) => text),
      ];
      if (problems.length > 0 && traps.length === 0 && performance.now() < deadline) {
        await sleep(lookMs, undefined, { signal: system.signal });
        continue;
      }
      return {
        name,
        status: problems.length > 0 ? 'failed' : 'passed',
        problems,
        notes: stage.records.filter(isNote).map(({ text }) => text),
        logs: problems.length === 0 ? [] : stage.guestLines(),
        skipped: parts,
        durationMs: performance.now() - startedMs,
      };
    }
  } finally {
    await stage.close();
  }
}

/** Envoy ends at its start when a filter refuses to: its text names the filter. */
function asRefusal(error: unknown): string {
  if (error instanceof WasmeError && error.code === 'DEPLOY_REJECTED' && /wasm/i.test(error.message)) {
    return error.message;
  }
  throw error;
}

/** The servers around one Envoy, with the requests that they received and Envoy's log. */
class Stage {
  readonly records: EnvoyRecord[] = [];
  readonly #options: EnvoyPlayOptions;
  readonly #callouts: { cluster: string; request: ObservedMessage }[] = [];
  readonly #peers: FakeUpstream[] = [];
  #upstream: ObservedMessage | undefined;
  #envoy: RunningEnvoy | undefined;

  constructor(options: EnvoyPlayOptions) {
    this.#options = options;
  }

  async start({ upstream = {}, callouts = {} }: Case, system: SystemContext): Promise<RunningEnvoy> {
    const { name, modulePath, rootId, configuration, envoy, release } = this.#options;
    const main = await this.#peer([upstream], request => (this.#upstream ??= request));
    const clusters = Object.create(null) as Record<string, string>;
    for (const [cluster, answers] of Object.entries(callouts)) {
      clusters[cluster] = await this.#cluster(cluster, [answers].flat());
    }
    const free = { address: '127.0.0.1', port: 0 };
    const tree = bootstrap(
      {
        ...{ id: name, kind: 'http', rootId, vmId: '', runtime: 'v8', env: {}, hostEnv: [] },
        code: { from: 'file', path: modulePath, digest: '' },
        ...(configuration.length === 0
          ? {}
          : { configuration: { form: 'bytes', bytes: configuration } as const }),
        failPolicy: undefined,
        allowedCapabilities: undefined,
        allowOnHeadersStopIteration: undefined,
      },
      { version: release, listen: free, admin: free, upstream: main, clusters, trailers: true },
    );
    const mark = recordMark();
    const read = recordReader(mark);
    this.#envoy = await startEnvoy(
      {
        envoy,
        bootstrap: renderYaml([tree]),
        files: [modulePath],
        concurrency: 1,
        logLevel: 'error',
        args: recordArguments('trace', mark),
        onLine: line => {
          const record = read(line);
          if (record?.logger === 'wasm') this.records.push(record);
        },
      },
      system,
    );
    return this.#envoy;
  }

  /** Returns the observations up to now. */
  async outcome(
    { admin }: RunningEnvoy,
    response: ObservedMessage | undefined,
  ): Promise<CaseOutcome & { readonly histograms: readonly string[] }> {
    const own = 'wasmcustom.';
    const stats = await admin.stats(`^wasmcustom\\.`);
    const histograms = await admin.text('/stats?type=Histograms&filter=^wasmcustom\\.');
    return {
      upstream: this.#upstream,
      response,
      details: response === undefined ? 'no whole response came' : undefined,
      logs: this.records.filter(({ text }) => isGuest(text)).map(({ text }) => text.replace(guestPrefix, '')),
      metrics: new Map(Object.entries(stats).map(([name, value]) => [name.slice(own.length), value])),
      callouts: this.#callouts,
      histograms: [...histograms.matchAll(/^wasmcustom\.(.+?): /gm)].map(([, name = '']) => name),
    };
  }

  guestLines(): string[] {
    return this.records
      .filter(({ text }) => isGuest(text))
      .map(({ level, text }) => `${level}: ${text.replace(guestPrefix, '')}`);
  }

  async close(): Promise<void> {
    await this.#envoy?.stop();
    for (const peer of this.#peers) await peer.close();
  }

  async #cluster(cluster: string, answers: readonly Callout[]): Promise<string> {
    const [first] = answers;
    if (first !== undefined && 'fails' in first && first.fails === 'refused') {
      return `http://127.0.0.1:${await freePort()}`;
    }
    return this.#peer(answers, request => this.#callouts.push({ cluster, request }));
  }

  async #peer(answers: readonly Callout[], onRequest: (request: ObservedMessage) => void): Promise<string> {
    const peer = await startFakeUpstream(answers, this.#options.cut, onRequest);
    this.#peers.push(peer);
    return `http://127.0.0.1:${peer.port}`;
  }
}

const guestPrefix = /^wasm log[^:]*: /;

/** Returns whether a line is a warning or error of Envoy about the filter. Its trace is in the log too, because lines of the filter may be. */
function isNote({ level, text }: EnvoyRecord): boolean {
  return ['warning', 'error', 'critical'].includes(level) && !isGuest(text);
}

function isGuest(text: string): boolean {
  return guestPrefix.test(text);
}
