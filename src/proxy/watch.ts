/** Tells when one of a few files was written. */
import { watch } from 'chokidar';

/** Compilers write in several steps; this long after the last one the files are taken as complete. */
const quietMs = 100;

/** Calls back after changes, never twice for one burst. Returns how to stop. */
export function watchFiles(files: readonly string[], onChange: () => void): () => Promise<void> {
  const watcher = watch([...files], { ignoreInitial: true, disableGlobbing: true } as object);
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quietMs);
  });
  watcher.on('error', () => undefined);
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
