/** Tells when files below a folder, or a few files, change. The only importer of chokidar. */
import { relative } from 'node:path';
import { watch } from 'chokidar';

export interface WatchOptions {
  /** Paths, relative with `/`, that are neither watched nor descended into. */
  readonly ignore: (path: string) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Changes that come closer together are reported once: an editor's save is several. More than the 50 ms in which chokidar
 * drops a second change of a file: what it dropped is there when we look.
 */
const settleMs = 60;

/**
 * Calls `onChange` once with nothing when it listens, then with the changed paths (relative to `dir`) after they have
 * settled, one call at a time: changes during a call are reported by the next one. Resolves when the signal aborts and
 * the last call has ended; fails with what `onChange` failed with.
 */
export async function watchFolder(
  dir: string,
  options: WatchOptions,
  onChange: (paths: readonly string[]) => Promise<void>,
): Promise<void> {
  const { ignore, signal } = options;
  if (signal.aborted) return;
  const shown = (path: string): string => relative(dir, path).replaceAll('\\', '/');
  const watcher = watch(dir, {
    ignoreInitial: true,
    ignored: path => path !== dir && ignore(shown(path)),
  });
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const call = (paths: readonly string[]): void => {
        running = onChange(paths).then(next, reject);
      };
      const next = (): void => {
        running = undefined;
        if (timer === undefined) flush();
      };
      const flush = (): void => {
        timer = undefined;
        if (running !== undefined || changed.size === 0 || signal.aborted) return;
        const paths = [...changed].sort();
        changed.clear();
        call(paths);
      };
      watcher.on('ready', () => call([]));
      watcher.on('all', (_, path) => {
        changed.add(shown(path));
        clearTimeout(timer);
        timer = setTimeout(flush, settleMs);
      });
      watcher.on('error', reject);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    clearTimeout(timer);
    await watcher.close();
    await running;
  }
}

/** Compilers write in several steps; this long after the last one the files are taken as complete. */
const quietMs = 100;

/** Calls back after changes, never twice for one burst. Comes back with how to stop when it listens. */
export async function watchFiles(
  files: readonly string[],
  onChange: () => void,
): Promise<() => Promise<void>> {
  const watcher = watch([...files], { ignoreInitial: true });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quietMs);
  });
  // A running call continues, without further changes.
  watcher.on('error', () => undefined);
  await new Promise<void>(resolve => watcher.once('ready', resolve));
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
