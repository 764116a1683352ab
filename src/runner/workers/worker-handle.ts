/** One worker thread as the supervisor sees it: questions, answers, the time of its guest, end. */
import type { Worker } from 'node:worker_threads';
import { WasmeError } from '../../errors.ts';
import { startTimer } from '../../io/timer.ts';
import { GuestTime, newGuestTimeBuffer } from './guest-time.ts';
import type { FilterPlan, ProxyEvent } from '../run-plan.ts';
import type { StatsSnapshot } from '../../proxy/stats.ts';
import type { FromWorker, SentFailure, ToWorker, WorkerStart } from './worker-protocol.ts';

export interface WorkerListener {
  event(event: ProxyEvent): void;
  /** An item came to a queue of another worker. */
  queueReady(thread: number, token: number): void;
  /** The thread is gone, however that came. */
  ended(member: WorkerHandle): void;
}

/** Interval at which the supervisor checks whether a guest still runs. */
export const watchMs = 250;

/** A worker that has not closed by then is stopped. */
const closeMs = 1_500;

/** A worker that does not answer in time is shown as it was when it last did. */
const statsMs = 500;

const noStats: StatsSnapshot = { counters: {}, gauges: {}, histograms: {} };

interface Waiting {
  readonly resolve: (stats: StatsSnapshot | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** A message that is answered, before it gets its id. */
type Question =
  | { readonly type: 'stats' }
  | { readonly type: 'close' }
  | { readonly type: 'reload'; readonly filters: readonly FilterPlan[] };

export class WorkerHandle {
  /** Settled when it listens, or cannot. */
  readonly ready: Promise<void>;
  /** Its number in shared memory and messages; no other worker of the run ever has it. */
  readonly thread: number;
  /** It has listened. */
  running = false;
  port = 0;
  /** Its listening socket. */
  socket: number | undefined;
  /** `terminate` or `close` was called: its end is no surprise. */
  leaving = false;
  /** Makes `ready` fail, where it is not settled yet. */
  readonly fail: (error: Error) => void;
  readonly #worker: Worker;
  readonly #guestTime: GuestTime;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #lastStats = noStats;

  constructor(
    thread: number,
    worker: Worker,
    start: Omit<WorkerStart, 'guestTime'>,
    listener: WorkerListener,
  ) {
    const guestTime = newGuestTimeBuffer();
    this.thread = thread;
    this.#guestTime = new GuestTime(guestTime);
    this.#worker = worker;
    let fail: (error: Error) => void = () => undefined;
    this.ready = new Promise((resolve, reject) => {
      fail = reject;
      this.#worker.on('message', (message: FromWorker) => {
        switch (message.type) {
          case 'ready':
            this.port = message.port;
            this.socket = message.socket;
            this.running = true;
            return resolve();
          case 'failed':
            return reject(received(message.failure));
          case 'events':
            return message.events.forEach(event => listener.event(event));
          case 'queue-ready':
            return listener.queueReady(message.thread, message.token);
          case 'answer':
            return this.#answered(message.id, message.stats, message.failure);
        }
      });
      this.#worker.on('error', error => {
        listener.event({ type: 'notice', text: `a worker failed: ${error.stack ?? error.message}` });
        reject(error);
      });
      this.#worker.on('exit', () => {
        reject(new WasmeError('INTERNAL', 'a worker ended by itself'));
        for (const waiting of this.#waiting.values()) waiting.resolve(undefined);
        this.#waiting.clear();
        listener.ended(this);
      });
    });
    this.fail = fail;
    // Whoever awaits `ready` hears of it; afterwards a rejection is no news.
    this.ready.catch(() => undefined);
    this.tell({ type: 'start', start: { ...start, guestTime } });
  }

  /** The engine's number of it. */
  get threadId(): number {
    return this.#worker.threadId;
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async reload(filters: readonly FilterPlan[]): Promise<void> {
    await this.#ask({ type: 'reload', filters });
  }

  /** Its numbers; the last known ones while a guest holds it up. */
  async stats(): Promise<StatsSnapshot> {
    const answer = await inTime(this.#ask({ type: 'stats' }), statsMs);
    this.#lastStats = answer ?? this.#lastStats;
    return this.#lastStats;
  }

  /** For how long one call of a guest has been running, in steps of `watchMs`. Called once in each. */
  guestMs(): number {
    return this.#guestTime.look(watchMs);
  }

  async close(): Promise<void> {
    this.leaving = true;
    if (this.running) await inTime(this.#ask({ type: 'close' }), closeMs);
    await this.terminate();
  }

  async terminate(): Promise<void> {
    this.leaving = true;
    await this.#worker.terminate();
  }

  #ask(question: Question): Promise<StatsSnapshot | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.tell({ ...question, id });
    });
  }

  #answered(id: number, stats: StatsSnapshot | undefined, failure: SentFailure | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(stats);
    else waiting?.reject(received(failure));
  }
}

/** Undefined when it takes longer. */
async function inTime<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  let cancel = (): void => undefined;
  const deadline = new Promise<undefined>(resolve => (cancel = startTimer(ms, () => resolve(undefined))));
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    cancel();
  }
}

function received({ code, message, hint, details }: SentFailure): WasmeError {
  return new WasmeError(code, message, { hint, details });
}
