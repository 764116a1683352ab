/** `wasme run`: filters in the bundled host, behind a local proxy. */
import type { Edges } from './io/edges.ts';
import { startAdmin } from './proxy/admin.ts';
import { startEcho } from './proxy/echo.ts';
import { hostAndPort } from './io/endpoint.ts';
import { Engine } from './proxy/engine.ts';
import { loadFilters } from './proxy/filter-source.ts';
import type { ProxyEvent, ProxyPlan } from './proxy/plan.ts';
import { RunHandle } from './proxy/run-handle.ts';
import type { Address, Run, RunOptions, RunResult } from './proxy/run-options.ts';
import { kindOf, makePlan, withProject } from './proxy/run-plan.ts';
import { type RunningProxy, superviseProxy } from './proxy/supervisor.ts';
import { watchFiles } from './proxy/watch.ts';

export type { Run, RunOptions, RunResult } from './proxy/run-options.ts';

const defaultPort = 8080;

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
 * PROJECT_INVALID, WASM_INVALID, WASM_ABI, WASM_START …), PORT_IN_USE, PORT_REFUSED, USAGE; nothing is left then.
 */
export async function startRun(options: RunOptions, edges: Edges): Promise<Run> {
  const filters = await loadFilters(options, edges);
  const kind = kindOf(options.kind, filters);
  const project = filters.find(filter => filter.project !== undefined)?.project?.project;
  const chosen = withProject(options, project);
  const onEvent = options.onEvent ?? (() => undefined);
  const cleanUp: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of cleanUp.splice(0).reverse()) await close();
  };
  try {
    const echo = chosen.upstream === 'echo' && kind === 'http' ? await startEcho() : undefined;
    if (echo !== undefined) cleanUp.push(() => echo.close());
    const plan = makePlan(
      {
        ...chosen,
        kind,
        address: options.listen?.address ?? '127.0.0.1',
        port: options.listen?.port ?? project?.run?.port ?? defaultPort,
        logLevel: options.logLevel ?? 'info',
        trace: options.trace ?? false,
        tls: options.tls ?? false,
        timeoutMs: options.timeoutMs ?? 15_000,
        now: edges.now(),
      },
      filters,
      echo?.port,
    );
    const proxy = await startWorkers(plan, options, onEvent);
    cleanUp.push(() => proxy.close());
    const running = new RunHandle(options, edges, plan, filters, chosen.upstream, proxy, closeAll);
    const admin = options.admin ?? adminOf(project?.run?.admin);
    if (admin !== undefined) {
      const { address, port } = admin;
      const interface_ = await startAdmin(address, port, running);
      cleanUp.push(() => interface_.close());
      running.admin = `http://${hostAndPort(address, interface_.port)}`;
    }
    if (options.watch) {
      const files = [...new Set(filters.flatMap(filter => filter.files))];
      cleanUp.push(watchFiles(files, () => void running.reloadOnChange()));
    }
    edges.signal.addEventListener('abort', () => void running.stop(), { once: true });
    if (edges.signal.aborted) await running.stop();
    return running;
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function startWorkers(
  plan: ProxyPlan,
  options: RunOptions,
  onEvent: (event: ProxyEvent) => void,
): Promise<RunningProxy> {
  if (!options.inProcess) {
    return superviseProxy(plan, { stallMs: options.callbackLimitMs ?? 10_000 }, onEvent);
  }
  const engine = await Engine.start(plan, onEvent);
  return {
    port: engine.port,
    stats: () => Promise.resolve(engine.stats()),
    reload: filters => engine.reload(filters),
    setLogLevel: level => engine.setLogLevel(level),
    close: () => engine.close(),
  };
}

function adminOf(port: number | undefined): Address | undefined {
  return port === undefined ? undefined : { address: '127.0.0.1', port };
}
