/** A run in the bundled host. What not every run needs is imported when it does: the first answer should not wait for it. */
import type { SystemContext } from '../io/system-context.ts';
import { profileFor } from '../host/profiles.ts';
import { hostAndPort } from '../io/http/endpoint.ts';
import { Disposables } from './disposables.ts';
import type { EchoServer } from '../proxy/upstream/echo.ts';
import type { RunPlan } from './run-plan.ts';
import type { WatchedBuilds } from '../toolchains/watch/watched-builds.ts';
import { BundledHandle } from './bundled-handle.ts';
import { type RunInput, openRun } from './run-input.ts';
import type { Run, RunOptions } from './run-options.ts';
import { makeRunPlan } from './make-run-plan.ts';
import type { PrestartedWorker } from './workers/prestarted-worker.ts';
import { type RunningProxy, superviseProxy } from './workers/supervisor.ts';

/** Starts and gives back a handle; fails as `startRun` does. Without `threads` everything is in the calling thread. */
export async function startBundled(
  options: RunOptions,
  system: SystemContext,
  threads: PrestartedWorker | undefined,
): Promise<Run> {
  if (!options.watch) return startHere(await openRun(options, system), threads);
  const { startBuilds } = await import('../toolchains/watch/watched-builds.ts');
  const builds = await startBuilds(options.targets?.length ? options.targets : [undefined], system);
  try {
    return await startHere(await openRun(options, system), threads, builds);
  } catch (error) {
    await builds.stop();
    // That there is no module is what the build has to say.
    throw builds.failures[0] ?? error;
  }
}

async function startHere(
  input: RunInput,
  threads: PrestartedWorker | undefined,
  builds?: WatchedBuilds,
): Promise<Run> {
  const { system, filters, kind, upstream } = input;
  const cleanUp = new Disposables();
  try {
    const echo = upstream === 'echo' && kind === 'http' ? await openEcho() : undefined;
    if (echo !== undefined) cleanUp.add(() => echo.close());
    const plan = makeRunPlan(input, echo?.port);
    const starting = startWorkers(plan, input, threads);
    const started = starting.catch(() => undefined);
    cleanUp.add(async () => (await started)?.close());
    await tellHosts(input);
    const proxy = await starting;
    const running = new BundledHandle(input, plan, proxy, cleanUp.closeAll);
    if (input.admin !== undefined) {
      const { address, port } = input.admin;
      const { startAdmin } = await import('../proxy/admin.ts');
      const interface_ = await startAdmin(address, port, running);
      cleanUp.add(() => interface_.close());
      running.admin = `http://${hostAndPort(address, interface_.port)}`;
    }
    if (builds !== undefined) {
      const files = [...new Set(filters.flatMap(filter => filter.files))];
      const { watchFiles } = await import('../io/files/watch.ts');
      cleanUp.add(await watchFiles(files, () => void running.reloadOnChange()));
      // What was saved after it was read and before anybody watched.
      await running.reloadOnChange();
      cleanUp.add(() => builds.stop());
      for (const error of builds.failures) running.tellFailure(error, 'not built: what runs is older');
      builds.listen({
        onBuilt: () => void running.reloadOnChange(),
        onFailure: error => running.tellFailure(error, 'not built, the old filter stays in use'),
      });
    }
    system.signal.addEventListener('abort', () => void running.stop(), { once: true });
    if (system.signal.aborted) await running.stop();
    return running;
  } catch (error) {
    await cleanUp.closeAll();
    throw error;
  }
}

/** Reports what the filters would meet on the hosts that their projects name. */
async function tellHosts({ filters, host, onEvent }: RunInput): Promise<void> {
  if (!filters.some(filter => filter.project !== undefined)) return;
  const { hostWarnings } = await import('./host-warnings.ts');
  for (const text of hostWarnings(filters, profileFor(host))) onEvent({ type: 'notice', text });
}

async function openEcho(): Promise<EchoServer> {
  const { startEcho } = await import('../proxy/upstream/echo.ts');
  return startEcho();
}

async function startWorkers(
  plan: RunPlan,
  input: RunInput,
  threads: PrestartedWorker | undefined,
): Promise<RunningProxy> {
  const { options, onEvent } = input;
  if (threads !== undefined) {
    const callbackLimitMs = options.callbackLimitMs ?? 10_000;
    return superviseProxy(
      plan,
      { threads, workers: input.concurrency, callbackLimitMs, signal: input.system.signal },
      onEvent,
    );
  }
  const { ProxyInstance } = await import('./workers/proxy-instance.ts');
  const engine = await ProxyInstance.start(plan, onEvent);
  return {
    port: engine.port,
    stats: () => Promise.resolve(engine.stats()),
    reload: filters => engine.reload(filters),
    setLogLevel: level => engine.setLogLevel(level),
    close: () => engine.close(),
  };
}
