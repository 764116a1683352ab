/** What a run has opened, to be closed in reverse order when it ends or does not come up. */
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
