/** A worker thread: one engine, driven by messages of the supervisor. Nothing else runs here. */
import { parentPort } from 'node:worker_threads';
import { WasmeError } from '../../errors.ts';
import { ProxyInstance } from './proxy-instance.ts';
import type { ProxyEvent } from '../run-plan.ts';
import { flushName } from './guest-stack.ts';
import { shareGuestCalls } from './guest-time.ts';
import type { FromWorker, SentFailure, ToWorker, WorkerStart } from './worker-protocol.ts';
import type { WorkerStores } from './worker-stores.ts';

const port = parentPort;
if (port === null) throw new TypeError('this file is the inside of a worker thread');
const send = (message: FromWorker): void => port.postMessage(message);

// Log lines come in bursts: the first of a turn of the event loop goes out at once, all others in one message.
let waiting: ProxyEvent[] = [];
let inTurn = false;
const flush = (): void => {
  if (waiting.length === 0) return;
  send({ type: 'events', events: waiting });
  waiting = [];
};
const onEvent = (event: ProxyEvent): void => {
  waiting.push(event);
  if (inTurn) return;
  inTurn = true;
  flush();
  setImmediate(() => {
    inTurn = false;
    flush();
  });
};
// A turn in which a guest does not return has no end: whoever finds it there calls this.
Object.assign(globalThis, { [flushName]: flush });

let running: Promise<ProxyInstance | undefined> | undefined;
let stores: WorkerStores | undefined;
// The thread may have been started before anybody knew what it will run: that comes with the first message.
port.on('message', (message: ToWorker) => {
  if (message.type === 'start') running = start(message.start);
  else void running?.then(engine => engine && answer(engine, message));
});

async function start({ plan, guestTime, socket, shared }: WorkerStart): Promise<ProxyInstance | undefined> {
  try {
    if (shared !== undefined) {
      const { openStores } = await import('./worker-stores.ts');
      stores = openStores(shared, (thread, token) => send({ type: 'queue-ready', thread, token }));
    }
    const engine = await ProxyInstance.start(plan, onEvent, {
      socket,
      stores,
      guestCalls: shareGuestCalls(guestTime),
    });
    flush();
    send({ type: 'ready', port: engine.port, socket: engine.socket });
    return engine;
  } catch (error) {
    flush();
    send({ type: 'failed', failure: sentFailure(error) });
    return undefined;
  }
}

async function answer(engine: ProxyInstance, message: Exclude<ToWorker, { type: 'start' }>): Promise<void> {
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
