/** `wasme run`: filters in the bundled host, behind a local proxy; or in a real Envoy. */
import type { SystemContext } from './io/system-context.ts';
import type { Run, RunOptions, RunResult } from './runner/run-options.ts';
import { PrestartedWorker } from './runner/workers/prestarted-worker.ts';

export type { Run, RunOptions, RunResult } from './runner/run-options.ts';

/** Runs until the system's signal aborts or the admin interface says so. `onReady` is called once it listens. */
export async function run(
  options: RunOptions,
  system: SystemContext,
  onReady: (result: RunResult) => void,
): Promise<void> {
  const running = await startRun(options, system);
  onReady(running);
  await running.stopped;
}

/**
 * Starts and gives back a handle. Fails with what finding and loading filters fails with (FILE_NOT_FOUND,
 * PROJECT_INVALID, WASM_INVALID, WASM_ABI, WASM_START …), PORT_IN_USE, PORT_REFUSED, USAGE, and in a real Envoy as
 * `startInEnvoy` does; nothing is left then.
 */
export async function startRun(options: RunOptions, system: SystemContext): Promise<Run> {
  if (options.envoy !== undefined) {
    const { startInEnvoy } = await import('./runner/start-envoy.ts');
    return startInEnvoy(options, system);
  }
  // Before anything else is even imported: from here on two threads get ready side by side.
  const threads = options.inProcess ? undefined : new PrestartedWorker();
  try {
    const { startBundled } = await import('./runner/start-bundled.ts');
    return await startBundled(options, system, threads);
  } finally {
    await threads?.drop();
  }
}
