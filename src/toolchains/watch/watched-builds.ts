/** Builds the projects among the targets of a verb: at the start, and again when their sources change. */
import { resolve } from 'node:path';
import { type WasmeError, asFailure } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { kindOf } from '../../io/files/files.ts';

export interface WatchedBuilds {
  /** Failures of first builds; an older module of the project may exist nevertheless. */
  readonly failures: readonly WasmeError[];
  /** Reports every later build to the listener. */
  listen(listener: BuildListener): void;
  stop(): Promise<void>;
}

export interface BuildListener {
  onBuilt(): void;
  onFailure(error: WasmeError): void;
}

/** Returns when each project was built once. Fails as openJob does; nothing is watched then. */
export async function startBuilds(
  targets: readonly (string | undefined)[],
  system: SystemContext,
): Promise<WatchedBuilds> {
  const folders: string[] = [];
  for (const target of targets) {
    const path = resolve(system.cwd, target ?? '.');
    if ((await kindOf(path)) === 'dir' && !folders.includes(path)) folders.push(path);
  }
  const stopper = new AbortController();
  const signal = AbortSignal.any([system.signal, stopper.signal]);
  const failures: WasmeError[] = [];
  let listener: BuildListener | undefined;
  const { watchJob } = await import('./watch.ts');
  const watches: Promise<void>[] = [];
  const stop = async (): Promise<void> => {
    stopper.abort();
    await Promise.allSettled(watches);
  };
  const firsts = folders.map(dir => {
    let settle: () => void = () => undefined;
    const first = new Promise<void>(resolve => (settle = resolve));
    const watch = watchJob(
      { dir },
      { ...system, signal },
      () => {
        settle();
        listener?.onBuilt();
      },
      error => {
        if (listener === undefined) failures.push(error);
        settle();
        listener?.onFailure(error);
      },
    );
    watches.push(watch.catch((error: unknown) => listener?.onFailure(asFailure(error))));
    // The watch ends before the first build only if it fails or is interrupted.
    return Promise.race([first, watch]);
  });
  try {
    await Promise.all(firsts);
  } catch (error) {
    await stop();
    throw error;
  }
  return { failures, stop, listen: one => void (listener = one) };
}
