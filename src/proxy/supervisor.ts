/**
 * Keeps worker threads running: starts them, asks them, replaces one whose guest never returns. The thread of the
 * supervisor runs no guest, so that signals and the admin interface always work.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { WasmeError } from '../errors.ts';
import type { LogLevel } from '../host/types.ts';
import { packageDir } from '../io/paths.ts';
import type { FilterPlan, ProxyEvent, ProxyPlan } from './plan.ts';
import { type StatsSnapshot, mergeStats } from './stats.ts';
import type { FromWorker, SentFailure, ToWorker, WorkerStart } from './worker-protocol.ts';

/** A proxy that runs, in this thread or in others. */
export interface RunningProxy {
  readonly port: number;
  stats(): Promise<StatsSnapshot>;
  /** Puts new filters in place; streams that run keep theirs. Fails with what loading fails with; then nothing changed. */
  reload(filters: readonly FilterPlan[]): Promise<void>;
  setLogLevel(level: LogLevel | 'off'): void;
  /** Ends after running exchanges have, at most a second later. */
  close(): Promise<void>;
}

export interface SupervisorOptions {
  /** A worker whose event loop stands still for longer is replaced. */
  readonly stallMs: number;
}

/** How often the supervisor looks at the heartbeats. */
const watchMs = 250;

/** Starts workers. Fails with what loading a filter or listening fails with. */
export async function superviseProxy(
  plan: ProxyPlan,
  options: SupervisorOptions,
  onEvent: (event: ProxyEvent) => void,
): Promise<RunningProxy> {
  const supervisor = new Supervisor(plan, options, onEvent);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements RunningProxy {
  #plan: ProxyPlan;
  readonly #options: SupervisorOptions;
  readonly #onEvent: (event: ProxyEvent) => void;
  readonly #members = new Set<Member>();
  #watch: NodeJS.Timeout | undefined;
  #closing = false;
  port = 0;

  constructor(plan: ProxyPlan, options: SupervisorOptions, onEvent: (event: ProxyEvent) => void) {
    this.#plan = plan;
    this.#options = options;
    this.#onEvent = onEvent;
  }

  async start(): Promise<void> {
    try {
      const first = await this.#add(this.#plan);
      this.port = first.port;
      this.#plan = { ...this.#plan, port: first.port };
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#watch = setInterval(() => this.#look(), watchMs);
  }

  async stats(): Promise<StatsSnapshot> {
    const answers = await Promise.all([...this.#members].map(member => member.ask({ type: 'stats' })));
    return mergeStats(answers.map(answer => answer ?? emptyStats));
  }

  async reload(filters: readonly FilterPlan[]): Promise<void> {
    await Promise.all([...this.#members].map(member => member.ask({ type: 'reload', filters })));
    this.#plan = { ...this.#plan, filters };
  }

  setLogLevel(level: LogLevel | 'off'): void {
    this.#plan = { ...this.#plan, logLevel: level };
    for (const member of this.#members) member.tell({ type: 'log-level', level });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#watch);
    await Promise.all([...this.#members].map(member => member.close()));
  }

  async #add(plan: ProxyPlan): Promise<Member> {
    const member = new Member(plan, this.#onEvent);
    this.#members.add(member);
    try {
      await member.ready;
    } catch (error) {
      this.#members.delete(member);
      await member.terminate();
      throw error;
    }
    return member;
  }

  #look(): void {
    for (const member of this.#members) {
      if (member.stalledMs() >= this.#options.stallMs) void this.#replace(member);
    }
  }

  async #replace(member: Member): Promise<void> {
    this.#members.delete(member);
    await member.terminate();
    if (this.#closing) return;
    const seconds = this.#options.stallMs / 1000;
    this.#onEvent({
      type: 'notice',
      text: `a filter did not return within ${seconds} s: its worker was stopped and started again; Envoy would hang here`,
    });
    try {
      await this.#add(this.#plan);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#onEvent({ type: 'notice', text: `the worker could not be started again: ${reason}` });
    }
  }
}

const emptyStats: StatsSnapshot = { counters: {}, gauges: {}, histograms: {} };

interface Waiting {
  readonly resolve: (stats: StatsSnapshot | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** A message that is answered, before it gets its id. */
type Question =
  | { readonly type: 'stats' }
  | { readonly type: 'close' }
  | { readonly type: 'reload'; readonly filters: readonly FilterPlan[] };

/** One worker thread as the supervisor sees it. */
class Member {
  readonly ready: Promise<void>;
  port = 0;
  readonly #worker: Worker;
  readonly #beats: Int32Array;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #lastBeat = 0;
  /** Undefined until the first beat: loading a large module may take its time. */
  #standing: number | undefined;

  constructor(plan: ProxyPlan, onEvent: (event: ProxyEvent) => void) {
    const start: WorkerStart = { plan, heartbeat: new SharedArrayBuffer(4) };
    this.#beats = new Int32Array(start.heartbeat);
    this.#worker = new Worker(workerFile(), { workerData: start });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        switch (message.type) {
          case 'ready':
            this.port = message.port;
            this.#standing = 0;
            return resolve();
          case 'failed':
            return reject(received(message.failure));
          case 'events':
            return message.events.forEach(onEvent);
          case 'answer':
            return this.#answered(message.id, message.stats, message.failure);
        }
      });
      this.#worker.on('error', error => {
        onEvent({ type: 'notice', text: `a worker failed: ${error.stack ?? error.message}` });
        reject(error);
      });
      this.#worker.on('exit', () => {
        reject(new WasmeError('INTERNAL', 'a worker ended by itself'));
        for (const waiting of this.#waiting.values()) waiting.resolve(undefined);
        this.#waiting.clear();
      });
    });
    // Whoever awaits `ready` hears of it; afterwards a rejection is no news.
    this.ready.catch(() => undefined);
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  ask(question: Question): Promise<StatsSnapshot | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.tell({ ...question, id });
    });
  }

  /** For how long the event loop has stood still, in steps of `watchMs`. */
  stalledMs(): number {
    if (this.#standing === undefined) return 0;
    const beat = Atomics.load(this.#beats, 0);
    this.#standing = beat === this.#lastBeat ? this.#standing + watchMs : 0;
    this.#lastBeat = beat;
    return this.#standing;
  }

  async close(): Promise<void> {
    const deadline = new Promise(resolve => setTimeout(resolve, closeMs).unref());
    await Promise.race([this.ask({ type: 'close' }), deadline]);
    await this.terminate();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #answered(id: number, stats: StatsSnapshot | undefined, failure: SentFailure | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(stats);
    else waiting?.reject(received(failure));
  }
}

/** A worker that has not closed by then is stopped. */
const closeMs = 1_500;

function received({ code, message, hint, details }: SentFailure): WasmeError {
  return new WasmeError(code, message, { hint, details });
}

/** The built file: a worker thread cannot read TypeScript on every Node that we support. */
function workerFile(): string {
  const here = fileURLToPath(new URL('./worker.js', import.meta.url));
  return import.meta.url.endsWith('.ts') ? join(packageDir(), 'dist', 'src', 'proxy', 'worker.js') : here;
}
