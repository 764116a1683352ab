/**
 * Keeps worker threads running: starts them on one listening socket, adds up what they count, replaces one whose guest
 * never returns. The thread of the supervisor runs no guest, so that signals and the admin interface always work.
 */
import { WasmeError, interrupted } from '../../errors.ts';
import { newSharedBuffer, SharedMemory } from '../../host/state/shared-memory/memory.ts';
import { ThreadMetrics } from '../../host/state/shared-memory/metrics.ts';
import type { LogLevel } from '../../host/types.ts';
import { findGuestStack, stackLines } from './guest-stack.ts';
import { WorkerHandle, type WorkerListener, watchMs } from './worker-handle.ts';
import type { FilterPlan, ProxyEvent, RunPlan } from '../run-plan.ts';
import type { PrestartedWorker } from './prestarted-worker.ts';
import { mergeStats, metricStats, type StatsSnapshot } from '../../proxy/stats.ts';

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
  /** Supplies the threads. */
  readonly threads: PrestartedWorker;
  /** Worker threads, each with VMs of its own. */
  readonly workers: number;
  /** A worker in which one call of a guest runs for longer is replaced. What else holds it up is no reason. */
  readonly callbackLimitMs: number;
  /** Ends a start that takes too long. */
  readonly signal?: AbortSignal;
}

/** The supervisor's own number in shared memory; workers count on from it. */
const supervisorThread = 1;

/** Starts workers. Fails with what loading a filter or listening fails with, and INTERRUPTED. */
export async function superviseProxy(
  plan: RunPlan,
  options: SupervisorOptions,
  onEvent: (event: ProxyEvent) => void,
): Promise<RunningProxy> {
  const supervisor = new Supervisor(plan, options, onEvent);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements RunningProxy, WorkerListener {
  #plan: RunPlan;
  readonly #options: SupervisorOptions;
  readonly #onEvent: (event: ProxyEvent) => void;
  readonly #members = new Map<number, WorkerHandle>();
  /** Members whose socket is being copied: the descriptor must stay what it is. */
  readonly #lenders: WorkerHandle[] = [];
  readonly #buffer: SharedArrayBuffer | undefined;
  readonly #memory: SharedMemory | undefined;
  #lastThread = supervisorThread;
  #watch: NodeJS.Timeout | undefined;
  #closing = false;
  #changing: Promise<void> = Promise.resolve();
  port = 0;

  constructor(plan: RunPlan, options: SupervisorOptions, onEvent: (event: ProxyEvent) => void) {
    this.#plan = plan;
    this.#options = options;
    this.#onEvent = onEvent;
    this.#buffer = options.workers > 1 ? newSharedBuffer() : undefined;
    this.#memory = this.#buffer && new SharedMemory(this.#buffer, supervisorThread);
  }

  async start(): Promise<void> {
    this.#watch = setInterval(() => this.#look(), watchMs);
    const { signal } = this.#options;
    const interrupt = (): void => {
      for (const member of this.#members.values()) member.fail(interrupted());
    };
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      // The first worker starts alone, so that a fault of a filter or a port is reported once.
      const first = await this.#add();
      this.port = first.port;
      this.#plan = { ...this.#plan, port: first.port };
      const others = Array.from({ length: this.#options.workers - 1 }, () => this.#add());
      await Promise.all(others);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
  }

  async stats(): Promise<StatsSnapshot> {
    const snapshots = await Promise.all([...this.#members.values()].map(member => member.stats()));
    const shared = this.#memory && metricStats(new ThreadMetrics(this.#memory).list());
    return mergeStats(shared === undefined ? snapshots : [...snapshots, shared]);
  }

  reload(filters: readonly FilterPlan[]): Promise<void> {
    return this.#inTurn(async () => {
      const [first, ...others] = this.#members.values();
      // What one refuses all refuse: then none has changed.
      await first?.reload(filters);
      await Promise.all(others.map(member => member.reload(filters)));
      this.#plan = { ...this.#plan, filters };
    });
  }

  setLogLevel(level: LogLevel | 'off'): void {
    this.#plan = { ...this.#plan, logLevel: level };
    for (const member of this.#members.values()) member.tell({ type: 'log-level', level });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#watch);
    await Promise.all([...this.#members.values()].map(member => member.close()));
  }

  event(event: ProxyEvent): void {
    this.#onEvent(event);
  }

  queueReady(thread: number, token: number): void {
    this.#members.get(thread)?.tell({ type: 'queue-ready', token });
  }

  ended(member: WorkerHandle): void {
    this.#memory?.recover(member.thread);
    const mine = this.#members.delete(member.thread);
    if (mine && member.running && !member.leaving) void this.#replace('a worker ended by itself');
  }

  /** Starts a worker: the first one binds the port, the others accept from the socket of one that runs. */
  async #add(): Promise<WorkerHandle> {
    const lender = [...this.#members.values()].find(member => member.running && !member.leaving);
    if (lender !== undefined && lender.socket === undefined) {
      throw new WasmeError('USAGE', 'several workers cannot share one listening socket on this system', {
        hint: 'run with one: --concurrency 1',
      });
    }
    const thread = ++this.#lastThread;
    const shared = this.#buffer && { memory: this.#buffer, thread };
    const start = { plan: this.#plan, socket: lender?.socket, shared };
    const member = new WorkerHandle(thread, this.#options.threads.take(), start, this);
    this.#members.set(thread, member);
    if (lender !== undefined) this.#lenders.push(lender);
    try {
      await member.ready;
      if (lender !== undefined && member.port !== this.port) {
        throw new WasmeError(
          'INTERNAL',
          `a worker listens on port ${member.port}, the others on ${this.port}`,
        );
      }
      return member;
    } catch (error) {
      this.#members.delete(thread);
      await member.terminate();
      throw error;
    } finally {
      if (lender !== undefined) this.#lenders.splice(this.#lenders.indexOf(lender), 1);
    }
  }

  #look(): void {
    for (const member of this.#members.values()) {
      const stuck = member.guestMs() >= this.#options.callbackLimitMs;
      if (stuck && !member.leaving && !this.#lenders.includes(member)) void this.#stop(member);
    }
  }

  /** Ends a worker whose guest does not return, and reports the stack of the guest. A worker that was still starting fails with WASM_START. */
  async #stop(member: WorkerHandle): Promise<void> {
    member.leaving = true;
    const { running } = member;
    const stack = await findGuestStack(member.threadId);
    const where = stack?.callback === undefined ? '' : ` from ${stack.callback}`;
    const reason = `a filter did not return${where} within ${this.#options.callbackLimitMs / 1000} s`;
    const lines = stackLines(stack);
    if (!running) {
      const message = [`${reason} while it started`, ...lines].join('\n');
      member.fail(new WasmeError('WASM_START', message, { hint: 'Envoy would hang here' }));
      return;
    }
    await member.terminate();
    const notice = `${reason}: its worker was stopped and started again; Envoy would hang here`;
    await this.#replace([notice, ...lines].join('\n'));
  }

  async #replace(notice: string): Promise<void> {
    if (this.#closing) return;
    this.#onEvent({ type: 'notice', text: notice });
    try {
      await this.#inTurn(async () => {
        if (!this.#closing) await this.#add();
      });
    } catch (error) {
      if (this.#closing) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#onEvent({ type: 'notice', text: `the worker could not be started again: ${reason}` });
    }
  }

  /** One after the other: a worker that starts during a reload would have the old filters. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}
