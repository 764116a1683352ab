/** A run in a real Envoy: the filters, addresses and result of the bundled host's, with the bootstrap that deploy writes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WasmeError } from '../errors.ts';
import { profileOf } from '../host/profiles.ts';
import type { SystemContext } from '../io/system-context.ts';
import { writeAtomic } from '../io/files/files.ts';
import { portTaken } from '../io/http/listen.ts';
import type { DeployIntent } from '../targets/intent.ts';
import { chainBootstrap } from '../targets/envoy/bootstrap.ts';
import { envoyRelease, findEnvoy, startEnvoy } from '../targets/envoy/launch.ts';
import {
  type EnvoyRecord,
  recordArguments,
  recordMark,
  recordReader,
  withoutMarks,
} from '../targets/envoy/log.ts';
import { envoyVersion } from '../targets/envoy/versions.ts';
import { renderYaml } from '../targets/yaml.ts';
import { Disposables } from './disposables.ts';
import { startEcho } from '../proxy/upstream/echo.ts';
import { EnvoyHandle, envoyLevel } from './envoy-handle.ts';
import { hostWarnings } from './host-warnings.ts';
import type { ProxyEvent } from './run-plan.ts';
import { type RunInput, openRun } from './run-input.ts';
import type { Run, RunOptions } from './run-options.ts';

/** Options that only the bundled host can do, as they are typed, and why. */
const bundledOnly: readonly (readonly [option: keyof RunOptions, flag: string, reason: string])[] = [
  ['trace', '--trace', 'Envoy does not show the calls between it and a filter'],
  ['tls', '--tls', 'the certificate made on the spot is for the bundled host'],
  ['watch', '--watch', 'an Envoy that was started with a module keeps it'],
  ['host', '--host', 'the Envoy that is started is the host'],
];

/**
 * Starts it and comes back when it takes traffic. Fails as `openRun` does, with USAGE for options that a real Envoy has
 * not, TOOL_MISSING, TOOL_FAILED, PORT_IN_USE, and DEPLOY_REJECTED with Envoy's own words when it refuses a filter;
 * nothing is left then.
 */
export async function startInEnvoy(options: RunOptions, system: SystemContext): Promise<Run> {
  for (const [option, flag, reason] of bundledOnly) {
    if (options[option] === undefined || options[option] === false) continue;
    throw new WasmeError('USAGE', `${flag} is not possible in a real Envoy: ${reason}`, {
      hint: `leave out ${flag}, or --envoy`,
    });
  }
  const path = typeof options.envoy === 'string' ? options.envoy : undefined;
  const program = findEnvoy({ path }, system);
  const release = await envoyRelease(program, system);
  const input = await openRun(options, system);
  const dir = await mkdtemp(join(tmpdir(), 'wasme-run-'));
  const cleanUp = new Disposables();
  cleanUp.add(() => rm(dir, { recursive: true, force: true }));
  try {
    const echo = input.upstream === 'echo' && input.kind === 'http' ? await startEcho() : undefined;
    if (echo !== undefined) cleanUp.add(() => echo.close());
    const upstream = echo === undefined ? input.upstream : `http://127.0.0.1:${echo.port}`;
    const chain = await writeModules(input, dir);
    const bootstrap = chainBootstrap(chain, {
      version: release,
      listen: input.listen,
      admin: input.admin ?? { address: '127.0.0.1', port: 0 },
      upstream: upstream === 'echo' ? undefined : upstream,
      clusters: input.clusters,
      caFile: system.env['SSL_CERT_FILE'],
      timeoutMs: options.timeoutMs,
    });
    const mark = recordMark();
    const read = recordReader(mark);
    const envoy = await startEnvoy(
      {
        envoy: program,
        bootstrap: renderYaml([bootstrap]),
        files: chain.map(({ code }) => (code.from === 'file' ? code.path : dir)),
        concurrency: input.concurrency,
        logLevel: 'error',
        args: recordArguments(envoyLevel(options.logLevel ?? 'info'), mark),
        onLine: line => {
          system.reporter.detail(withoutMarks(line));
          const record = read(line);
          if (record?.logger === 'wasm') input.onEvent(logEvent(record));
        },
      },
      system,
    );
    cleanUp.add(() => envoy.stop());
    const here = profileOf(envoyVersion(release).minor);
    for (const text of hostWarnings(input.filters, here)) input.onEvent({ type: 'notice', text });
    return new EnvoyHandle(
      input,
      { envoy, program: program.program, release, port: await envoy.port('main') },
      cleanUp.closeAll,
    );
  } catch (error) {
    await cleanUp.closeAll();
    throw takenPort(error) ?? error;
  }
}

/** Writes copies of the modules, so that a new build does not change a file that Envoy is about to load. */
async function writeModules(
  { filters, kind }: RunInput,
  dir: string,
): Promise<[DeployIntent, ...DeployIntent[]]> {
  const chain: DeployIntent[] = [];
  for (const [index, { plan, intent, digest }] of filters.entries()) {
    const path = join(dir, `${index}-${plan.name}.wasm`);
    await writeAtomic(path, plan.module);
    chain.push({ ...intent, kind, code: { from: 'file', path, digest } });
  }
  const [first, ...others] = chain;
  if (first === undefined) throw new TypeError('a run has at least one filter');
  return [first, ...others];
}

function logEvent({ timeMs, level, text }: EnvoyRecord): ProxyEvent {
  return {
    type: 'log',
    line: {
      timeMs,
      level: level === 'warning' ? 'warn' : level,
      text,
      source: text.startsWith('wasm log') ? 'guest' : 'host',
    },
  };
}

/** Envoy's complaint about a taken port, as the bundled host would say it. */
function takenPort(error: unknown): WasmeError | undefined {
  if (!(error instanceof WasmeError) || error.code !== 'DEPLOY_REJECTED') return undefined;
  const [, address, port] =
    /cannot bind '\[?([^']+?)\]?:(\d+)': Address already in use/.exec(error.message) ?? [];
  if (address === undefined || port === undefined) return undefined;
  return portTaken(error, address, Number(port), '--port or --admin');
}
