/** Live bytes in the heaps of this thread's worker threads, after a full collection, through the inspector. */
import { Session } from 'node:inspector';

/** Watches the workers that run now. */
export class Heaps {
  readonly #session = new Session();
  readonly #workers: string[] = [];
  readonly #answers = new Map<number, (result: unknown) => void>();
  #lastId = 0;

  async open(): Promise<void> {
    const session = this.#session;
    session.connect();
    session.on('NodeWorker.attachedToWorker', ({ params }) => void this.#workers.push(params.sessionId));
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      const { id, result } = JSON.parse(params.message) as { id?: number; result?: unknown };
      if (id !== undefined) this.#answers.get(id)?.(result);
    });
    await new Promise(resolve =>
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, resolve),
    );
  }

  get workers(): number {
    return this.#workers.length;
  }

  /** Bytes of live objects, all workers together. */
  async live(): Promise<number> {
    let sum = 0;
    for (const worker of this.#workers) {
      // Twice: what the first one only finalizes is gone after the second.
      await this.#ask(worker, 'HeapProfiler.collectGarbage', {});
      await this.#ask(worker, 'HeapProfiler.collectGarbage', {});
      const { usedSize } = (await this.#ask(worker, 'Runtime.getHeapUsage', {})) as { usedSize: number };
      sum += usedSize;
    }
    return sum;
  }

  /**
   * Bytes outside the heaps that array buffers hold; shared memory and guests' memories are not among them. To be asked
   * seldom: the engine keeps each script that is evaluated.
   */
  async buffers(): Promise<number> {
    let sum = 0;
    for (const worker of this.#workers) {
      const expression = 'process.memoryUsage().arrayBuffers';
      const { result } = (await this.#ask(worker, 'Runtime.evaluate', {
        expression,
        returnByValue: true,
      })) as {
        result: { value: number };
      };
      sum += result.value;
    }
    return sum;
  }

  close(): void {
    this.#session.disconnect();
  }

  #ask(sessionId: string, method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const message = JSON.stringify({ id, method, params });
    return new Promise(resolve => {
      this.#answers.set(id, resolve);
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    });
  }
}
