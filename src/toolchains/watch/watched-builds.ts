/** The projects among what a verb watches: built at the start, and again when their sources change. */
import { resolve } from 'node:path';
import { type WasmeError, asFailure } from '../../errors.ts';
import type { Edges } from '../../io/edges.ts';
import { kindOf } from '../../io/files.ts';

export interface WatchedBuilds {
  /** Why a project's first build failed: an older module may be there all the same. */
  readonly failures: readonly WasmeError[];
  /** From now on builds tell how they went. */
  listen(listener: BuildListener): void;
  stop(): Promise<void>;
}

export interface BuildListener {
  onBuilt(): void;
  onFailure(error: WasmeError): void;
}

/** Comes back when each project was built once. Fails as opening a build does; nothing is watched then. */
export async function startBuilds(
  targets: readonly (string | undefined)[],
  edges: Edges,
): Promise<WatchedBuilds> {
  const folders: string[] = [];
  for (const target of targets) {
    const path = resolve(edges.cwd, target ?? '.');
    if ((await kindOf(path)) === 'dir' && !folders.includes(path)) folders.push(path);
  }
  const stopper = new AbortController();
  const signal = AbortSignal.any([edges.signal, stopper.signal]);
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
      { ...edges, signal },
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
    // It ends before the first build only when it fails or is interrupted.
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
