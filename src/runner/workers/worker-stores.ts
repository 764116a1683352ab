/** Opens the data, queues and metrics that the workers of one run share, over one shared memory. */
import { ThreadSharedData } from '../../host/state/shared-memory/data.ts';
import { SharedMemory } from '../../host/state/shared-memory/memory.ts';
import { ThreadMetrics } from '../../host/state/shared-memory/metrics.ts';
import { ThreadSharedQueues } from '../../host/state/shared-memory/queues.ts';

/** A worker's way to the shared memory. */
export interface SharedPlace {
  readonly memory: SharedArrayBuffer;
  /** Different for every worker that ever runs; the supervisor is 1. */
  readonly thread: number;
}

export interface WorkerStores {
  readonly sharedData: ThreadSharedData;
  readonly sharedQueues: ThreadSharedQueues;
  readonly metrics: ThreadMetrics;
}

/** Opens the stores; `signal` notifies another worker of an item in one of its queues. */
export function openStores(
  place: SharedPlace,
  signal: (thread: number, token: number) => void,
): WorkerStores {
  const memory = new SharedMemory(place.memory, place.thread);
  return {
    sharedData: new ThreadSharedData(memory),
    sharedQueues: new ThreadSharedQueues(memory, {
      post: callback => void setImmediate(callback),
      send: signal,
    }),
    metrics: new ThreadMetrics(memory),
  };
}
