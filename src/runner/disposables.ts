/** Collects what a run has opened, and closes it in reverse order when the run ends or fails to start. */
export class Disposables {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Each step once, however often this is called. */
  readonly closeAll = async (): Promise<void> => {
    for (const step of this.#steps.splice(0).reverse()) await step();
  };
}
