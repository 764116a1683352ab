/** Runs many streams and reports growth: guest memory, the JS heap after a collection, and contexts that are left. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { yieldToLoop, type Concurrency } from './measure.ts';
import { rounded, slopeOf } from './statistics.ts';

export interface SoakReport {
  readonly streams: number;
  /** Growth of the guest's linear memory; it grows by pages of 64 KiB and never shrinks. */
  readonly guestBytesPer1000: number;
  readonly guestMemoryBytes: number;
  /** Growth of the used JS heap, each point after a full collection, least squares over the second half. */
  readonly heapBytesPer1000: number;
  readonly heapBytes: number;
  /** The number of stream contexts that were not deleted. */
  readonly liveContexts: number;
}

/** Each point costs a full collection. */
const points = 10;

/** Fails as `measureStreams` does. */
export async function soak(lanes: Concurrency, streams: number, signal: AbortSignal): Promise<SoakReport> {
  const { plugin, filtered, between } = lanes;
  const collect = collector();
  const heap: [number, number][] = [];
  const memory: [number, number][] = [];
  const every = Math.max(1, Math.floor(streams / points));
  for (let done = 0; done < streams; ) {
    const until = Math.min(streams, done + every);
    while (done < until) {
      const block = Math.min(100, until - done);
      for (let i = 0; i < block; i++) {
        filtered();
        between();
      }
      done += block;
      await yieldToLoop(plugin, signal);
    }
    collect();
    heap.push([done, process.memoryUsage().heapUsed]);
    memory.push([done, plugin.memoryBytes]);
  }
  // The first half still fills caches and free lists.
  const settled = <T>(all: readonly T[]): readonly T[] => all.slice(Math.floor(all.length / 2));
  const { vm } = plugin.root;
  return {
    streams,
    guestBytesPer1000: rounded(slopeOf(settled(memory)) * 1000),
    guestMemoryBytes: plugin.memoryBytes,
    heapBytesPer1000: rounded(slopeOf(settled(heap)) * 1000),
    heapBytes: heap.at(-1)?.[1] ?? 0,
    liveContexts: plugin.contextCount - vm.roots.size,
  };
}

/** Returns a full collection of the engine; without one the slope would depend on when the engine collects. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
