/**
 * `wasme run`: filters in the bundled host, behind a local proxy. What not every run needs is imported when it does: the
 * first answer should not wait for it.
 */
import type { Edges } from './io/edges.ts';
import { hostAndPort } from './io/endpoint.ts';
import type { EchoServer } from './proxy/echo.ts';
import { profileFor } from './host/profiles.ts';
import type { ProxyPlan } from './proxy/plan.ts';
import { RunHandle } from './proxy/run-handle.ts';
import type { RunBuilds } from './proxy/run-builds.ts';
import { type RunInput, openRun } from './proxy/run-input.ts';
import type { Run, RunOptions, RunResult } from './proxy/run-options.ts';
import { makePlan } from './proxy/run-plan.ts';
import { type RunningProxy, superviseProxy } from './proxy/supervisor.ts';

export type { Run, RunOptions, RunResult } from './proxy/run-options.ts';

/** Runs until the edges' signal aborts or the admin interface says so. `onReady` is called once it listens. */
export async function run(
  options: RunOptions,
  edges: Edges,
  onReady: (result: RunResult) => void,
): Promise<void> {
  const running = await startRun(options, edges);
  onReady(running);
  await running.stopped;
}

/**
 * Starts and gives back a handle. Fails with what finding and loading filters fails with (FILE_NOT_FOUND,
 * PROJECT_INVALID, WASM_INVALID, WASM_ABI, WASM_START …), PORT_IN_USE, PORT_REFUSED, USAGE, and in a real Envoy as
 * `startEnvoyRun` does; nothing is left then.
 */
export async function startRun(options: RunOptions, edges: Edges): Promise<Run> {
  if (options.envoy !== undefined) {
    const { startEnvoyRun } = await import('./proxy/envoy-run.ts');
    return startEnvoyRun(options, edges);
  }
  if (!options.watch) return startHere(await openRun(options, edges));
  const { startBuilds } = await import('./proxy/run-builds.ts');
  const builds = await startBuilds(options.targets?.length ? options.targets : [undefined], edges);
  try {
    return await startHere(await openRun(options, edges), builds);
  } catch (error) {
    await builds.stop();
    // That there is no module is what the build has to say.
    throw builds.failures[0] ?? error;
  }
}

async function startHere(input: RunInput, builds?: RunBuilds): Promise<Run> {
  const { edges, filters, kind, upstream } = input;
  const cleanUp: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  };
  try {
    const echo = upstream === 'echo' && kind === 'http' ? await openEcho() : undefined;
    if (echo !== undefined) cleanUp.push(() => echo.close());
    const plan = makePlan(input, echo?.port);
    if (filters.some(filter => filter.project !== undefined)) {
      const { hostNotices } = await import('./proxy/host-notices.ts');
      for (const text of hostNotices(filters, profileFor(input.host)))
        input.onEvent({ type: 'notice', text });
    }
    const proxy = await startWorkers(plan, input);
    cleanUp.push(() => proxy.close());
    const running = new RunHandle(input, plan, proxy, closeAll);
    if (input.admin !== undefined) {
      const { address, port } = input.admin;
      const { startAdmin } = await import('./proxy/admin.ts');
      const interface_ = await startAdmin(address, port, running);
      cleanUp.push(() => interface_.close());
      running.admin = `http://${hostAndPort(address, interface_.port)}`;
    }
    if (builds !== undefined) {
      const files = [...new Set(filters.flatMap(filter => filter.files))];
      const { watchFiles } = await import('./io/watch.ts');
      cleanUp.push(watchFiles(files, () => void running.reloadOnChange()));
      cleanUp.push(() => builds.stop());
      for (const error of builds.failures) running.tellFailure(error, 'not built: what runs is older');
      builds.listen({
        onBuilt: () => void running.reloadOnChange(),
        onFailure: error => running.tellFailure(error, 'not built, the old filter goes on'),
      });
    }
    edges.signal.addEventListener('abort', () => void running.stop(), { once: true });
    if (edges.signal.aborted) await running.stop();
    return running;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openEcho(): Promise<EchoServer> {
  const { startEcho } = await import('./proxy/echo.ts');
  return startEcho();
}

async function startWorkers(plan: ProxyPlan, input: RunInput): Promise<RunningProxy> {
  const { options, onEvent } = input;
  if (!options.inProcess) {
    const stallMs = options.callbackLimitMs ?? 10_000;
    return superviseProxy(plan, { workers: input.concurrency, stallMs, signal: input.edges.signal }, onEvent);
  }
  const { Engine } = await import('./proxy/engine.ts');
  const engine = await Engine.start(plan, onEvent);
  return {
    port: engine.port,
    stats: () => Promise.resolve(engine.stats()),
    reload: filters => engine.reload(filters),
    setLogLevel: level => engine.setLogLevel(level),
    close: () => engine.close(),
  };
}
