/**
 * A thread that gets the signals of the process beside the main thread, and ends the process when that one does not react:
 * then something keeps it busy that may never end. Node gives signals to JavaScript of the main thread only.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { endBySignal } from './end-by-signal.ts';
import type { SignalWatch } from './signal-watch.ts';

/** A main thread that shows no sign of life for so many looks is taken to be stuck. */
const lookMs = 100;
const maxLooks = 7;
/** SIGKILL follows if the process has not ended by then. */
const killMs = 1_000;

interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
}

const { beats, childIds, signals } = workerData as SignalWatch;
let watching = false;

// The handle behind process.on('SIGINT'), which process.on has on the main thread only. It is not in Node's documentation: a
// Node without it leaves the main thread alone with its signals, as it is without this file.
process.noDeprecation = true;
const { Signal } = (
  process as unknown as { binding(name: 'signal_wrap'): { Signal: new () => SignalHandle } }
).binding('signal_wrap');
for (const signal of signals) {
  const handle = new Signal();
  handle.onsignal = watchMain;
  handle.start(signal);
}
parentPort?.postMessage('ready');

function watchMain(): void {
  if (watching) return;
  watching = true;
  let seen = Atomics.load(beats, 0);
  let looks = 0;
  const timer = setInterval(() => {
    const now = Atomics.load(beats, 0);
    looks = now === seen ? looks + 1 : 0;
    seen = now;
    if (looks < maxLooks) return;
    clearInterval(timer);
    endProcess();
  }, lookMs);
}

function endProcess(): void {
  for (const id of childIds) if (id !== 0) endChild(id);
  endBySignal();
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), killMs);
}

function endChild(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
