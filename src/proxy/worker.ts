/** A worker thread: one engine, driven by messages of the supervisor. Nothing else runs here. */
import { parentPort, workerData } from 'node:worker_threads';
import { WasmeError } from '../errors.ts';
import { Engine } from './engine.ts';
import type { ProxyEvent } from './plan.ts';
import type { FromWorker, SentFailure, ToWorker, WorkerStart } from './worker-protocol.ts';
import { openStores } from './worker-stores.ts';

/** How often the event loop shows that it is alive. */
const heartbeatMs = 100;

const port = parentPort;
if (port === null) throw new TypeError('this file is the inside of a worker thread');
const send = (message: FromWorker): void => port.postMessage(message);

// Log lines come in bursts; one message carries all of a turn of the event loop.
let waiting: ProxyEvent[] = [];
const flush = (): void => {
  if (waiting.length === 0) return;
  send({ type: 'events', events: waiting });
  waiting = [];
};
const onEvent = (event: ProxyEvent): void => {
  if (waiting.push(event) === 1) setImmediate(flush);
};

const { plan, heartbeat, socket, shared } = workerData as WorkerStart;
const stores = shared && openStores(shared, (thread, token) => send({ type: 'queue-ready', thread, token }));

const beats = new Int32Array(heartbeat);
const beat = (): void => void Atomics.add(beats, 0, 1);
// Before anything is loaded: a guest may loop in its start function.
beat();
setInterval(beat, heartbeatMs);

async function start(): Promise<void> {
  const engine = await Engine.start(plan, onEvent, { socket, stores });
  port?.on('message', (message: ToWorker) => {
    void answer(engine, message);
  });
  flush();
  send({ type: 'ready', port: engine.port, socket: engine.socket });
}

async function answer(engine: Engine, message: ToWorker): Promise<void> {
  if (message.type === 'queue-ready') {
    stores?.sharedQueues.notified(message.token);
    return;
  }
  if (message.type === 'log-level') {
    engine.setLogLevel(message.level);
    return;
  }
  const { id } = message;
  try {
    if (message.type === 'stats') {
      send({ type: 'answer', id, stats: engine.stats() });
      return;
    }
    if (message.type === 'reload') await engine.reload(message.filters);
    else await engine.close();
    flush();
    send({ type: 'answer', id });
  } catch (error) {
    flush();
    send({ type: 'answer', id, failure: sentFailure(error) });
  }
}

function sentFailure(error: unknown): SentFailure {
  if (error instanceof WasmeError) {
    return { code: error.code, message: error.message, hint: error.hint, details: error.details };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'INTERNAL', message: text, hint: undefined, details: undefined };
}

start().catch((error: unknown) => {
  flush();
  send({ type: 'failed', failure: sentFailure(error) });
});
