/**
 * A worker thread that is started before anybody knows what it will run. It takes as long to come up as the supervisor's
 * thread needs to find and read filters: side by side, the first answer comes 60 ms earlier.
 */
import { Worker } from 'node:worker_threads';
import { builtFile } from '../../io/files/paths.ts';

export class PrestartedWorker {
  #worker: Worker | undefined = new Worker(builtFile('src/runner/workers/worker'));
  readonly #forget = (): void => void (this.#worker = undefined);

  constructor() {
    // A thread that fails to start is dropped: the next caller gets another one, and its failure.
    this.#worker?.once('error', this.#forget).once('exit', this.#forget);
  }

  /** The thread that was started ahead, the first time; then new ones. */
  take(): Worker {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.off('error', this.#forget).off('exit', this.#forget);
    return worker ?? new Worker(builtFile('src/runner/workers/worker'));
  }

  /** Ends the thread if it was not taken. */
  async drop(): Promise<void> {
    await this.#worker?.terminate();
  }
}
