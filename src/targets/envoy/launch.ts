/** Finds an Envoy (a path, PATH, func-e, docker, podman), and runs it until it ends or is stopped. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type CommandLine, exec } from '../../io/process/exec.ts';
import { writeAtomic } from '../../io/files/files.ts';
import { findProgram } from '../../io/process/program.ts';
import { type EnvoyAdmin, envoyAdmin } from './status/admin.ts';
import { list, object } from './status/dump-sections.ts';
import { markedArguments, recordMark, withoutMarks } from './log.ts';
import { newestEnvoy } from './versions.ts';

/** A program that starts Envoy; Envoy's own arguments follow `args`. */
export interface EnvoyProgram {
  readonly kind: 'binary' | 'func-e' | 'container';
  readonly program: string;
  /** `folders` are what a container has to see. */
  args(folders: readonly string[]): readonly string[];
}

export interface FindOptions {
  /** Path of the binary. */
  readonly path?: string | undefined;
  /** Image for docker or podman; named: a container is used even when a binary is there. */
  readonly image?: string | undefined;
}

/** First of: the path, `envoy`, `func-e`, `docker`, `podman` on PATH. Fails with TOOL_MISSING. */
export function findEnvoy({ path, image }: FindOptions, system: SystemContext): EnvoyProgram {
  if (path !== undefined) {
    const asked = resolve(system.cwd, path);
    const program = findProgram(asked, system);
    if (program !== undefined) return { kind: 'binary', program, args: () => [] };
    throw new WasmeError('TOOL_MISSING', `${asked} cannot be started as a program`, {
      hint: 'name the envoy binary with --envoy',
    });
  }
  if (image === undefined) {
    const binary = findProgram('envoy', system);
    if (binary !== undefined) return { kind: 'binary', program: binary, args: () => [] };
    const funcE = findProgram('func-e', system);
    if (funcE !== undefined) return { kind: 'func-e', program: funcE, args: () => ['run'] };
  }
  const engine = findProgram('docker', system) ?? findProgram('podman', system);
  if (engine !== undefined) return container(engine, image ?? `envoyproxy/envoy:v${newestEnvoy}-latest`);
  throw new WasmeError(
    'TOOL_MISSING',
    'no Envoy was found: none of envoy, func-e, docker, podman is on PATH',
    {
      hint: 'install one of them, or name the binary with --envoy',
    },
  );
}

/** ENVOY_UID=0: the image would change to a user that may not read the person's files. */
function container(program: string, image: string): EnvoyProgram {
  return {
    kind: 'container',
    program,
    args: folders => [
      ...['run', '--rm', '--init', '--network', 'host', '--env', 'ENVOY_UID=0'],
      ...folders.flatMap(folder => ['--volume', `${folder}:${folder}`]),
      image,
    ],
  };
}

export interface StartOptions {
  readonly envoy: EnvoyProgram;
  /** Bootstrap as YAML or JSON text. Port 0 takes a free one: see `port`. */
  readonly bootstrap: string;
  /** Files the bootstrap names, for containers. */
  readonly files?: readonly string[];
  /** Worker threads; default: Envoy's own, one per core. */
  readonly concurrency?: number;
  readonly logLevel?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
  readonly onLine?: (line: string) => void;
  /** Time limit until /ready answers LIVE. */
  readonly readyTimeoutMs?: number;
}

export interface RunningEnvoy {
  readonly admin: EnvoyAdmin;
  /** The port a listener took. */
  port(listener: string): Promise<number>;
  /** Ends it and waits for the end. */
  stop(): Promise<void>;
  /** Resolves with the exit code when it ends, by itself or by `stop` (then 0). */
  readonly ended: Promise<number>;
}

/**
 * Starts Envoy and comes back when it is ready for traffic. The bootstrap must have an admin interface.
 * Fails with DEPLOY_REJECTED when it ends before that (the text is Envoy's) and TOOL_MISSING when it cannot be started.
 */
export async function startEnvoy(options: StartOptions, system: SystemContext): Promise<RunningEnvoy> {
  const dir = await mkdtemp(join(tmpdir(), 'wasme-envoy-'));
  const config = join(dir, 'envoy.yaml');
  const adminFile = join(dir, 'admin-address');
  await writeAtomic(config, options.bootstrap);
  const stopper = new AbortController();
  const faults: string[] = [];
  const command = commandLine(options, dir, config, adminFile);
  const stoppable = { ...system, signal: AbortSignal.any([system.signal, stopper.signal]) };
  const ended = exec(command, stoppable, {
    keepOutput: false,
    onLine: line => {
      const fault = /\]\[(?:critical|error)\]\[[^\]]*\] (?:\[[^\]]*\] )?(.*)/.exec(line)?.[1];
      if (fault !== undefined && faults.length < 20) faults.push(withoutMarks(fault));
      options.onLine?.(line);
    },
  })
    .then(({ exitCode }) => exitCode)
    .catch((error: unknown) => {
      if (stopper.signal.aborted) return 0;
      throw error;
    })
    .finally(() => rm(dir, { recursive: true, force: true }));
  const early = ended.then(exitCode => {
    throw new WasmeError(
      'DEPLOY_REJECTED',
      `Envoy ended with code ${exitCode}: ${faults.join('\n') || 'without a word'}`,
      {
        hint: "the text is Envoy's own; -v shows all of its output",
        details: { exitCode, faults },
      },
    );
  });
  early.catch(() => undefined);
  const stop = async (): Promise<void> => {
    stopper.abort();
    await ended.catch(() => undefined);
  };
  try {
    const admin = await Promise.race([ready(adminFile, options.readyTimeoutMs ?? 60_000, stoppable), early]);
    return { admin, ended, stop, port: listener => listenerPort(admin, listener) };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface RunEnvoyOptions {
  readonly envoy: EnvoyProgram;
  readonly bootstrap: string;
  /** Files and folders the bootstrap names, for containers. */
  readonly files?: readonly string[];
  /** Called with each line of its output. `continued`: the line belongs to the message before it, whatever it looks like. */
  readonly onLine: (line: string, continued: boolean) => void;
  /** Called once when Envoy serves traffic. */
  readonly onReady: () => void;
}

/** Runs Envoy until it ends; gives its exit code. Fails with INTERRUPTED when the system's signal ended it. */
export async function runEnvoy(options: RunEnvoyOptions, system: SystemContext): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'wasme-envoy-'));
  const config = join(dir, 'envoy.yaml');
  let ready = false;
  try {
    await writeAtomic(config, options.bootstrap);
    const mark = recordMark();
    const marked = { ...options, args: markedArguments(mark) };
    const command = commandLine(marked, dir, config, join(dir, 'admin-address'));
    // What comes before the first message is of the tool that starts Envoy.
    let messages = false;
    const { exitCode } = await exec(command, system, {
      keepOutput: false,
      onLine: line => {
        const begins = line.startsWith(mark);
        messages ||= begins;
        options.onLine(begins ? line.slice(mark.length) : line, messages && !begins);
        if (ready || !line.includes('all dependencies initialized. starting workers')) return;
        ready = true;
        options.onReady();
      },
    });
    return exitCode;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function commandLine(
  options: Omit<StartOptions, 'onLine'>,
  dir: string,
  config: string,
  adminFile: string,
): CommandLine {
  const folders = [...new Set([dir, ...(options.files ?? []).map(file => dirname(file))])];
  return {
    program: options.envoy.program,
    args: [
      ...options.envoy.args(folders),
      ...['-c', config, '--admin-address-path', adminFile],
      // Shared memory between restarts would make a second Envoy on this machine fail.
      '--disable-hot-restart',
      ...['--log-level', options.logLevel ?? 'info'],
      ...(options.concurrency === undefined ? [] : ['--concurrency', String(options.concurrency)]),
      ...(options.args ?? []),
    ],
  };
}

/** Envoy writes its admin address into a file, then answers 503 on /ready until every filter is loaded. */
async function ready(adminFile: string, timeoutMs: number, system: SystemContext): Promise<EnvoyAdmin> {
  const { signal } = system;
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const address = await readFile(adminFile, 'utf8').catch(() => '');
    if (address !== '') {
      const admin = envoyAdmin(address.replace(/^0\.0\.0\.0:/, '127.0.0.1:'), system);
      if ((await admin.text('/ready').catch(() => '')).startsWith('LIVE')) return admin;
    }
    await sleep(20, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new WasmeError('INTERRUPTED', 'interrupted while Envoy was starting');
  }
  throw new WasmeError('DEPLOY_REJECTED', `Envoy was not ready after ${timeoutMs / 1000} s`, {
    hint: 'remote code that cannot be fetched and discovery files that are missing keep it waiting; -v shows its log',
  });
}

async function listenerPort(admin: EnvoyAdmin, name: string): Promise<number> {
  const page = object(await admin.json('/listeners?format=json'));
  const listeners = list(page?.['listener_statuses']);
  const found = listeners.find(listener => listener['name'] === name);
  const address = object(object(found?.['local_address'])?.['socket_address']);
  const port = address?.['port_value'];
  if (typeof port === 'number') return port;
  throw new WasmeError('DEPLOY_REJECTED', `Envoy has no listener "${name}"`, {
    hint:
      listeners.length === 0
        ? 'it has none'
        : `it has: ${listeners.map(listener => String(listener['name'])).join(', ')}`,
  });
}

/** `1.40.0`: which release a program is. Fails with TOOL_FAILED when it does not say, and as starting it fails. */
export async function envoyRelease(envoy: EnvoyProgram, system: SystemContext): Promise<string> {
  const command = { program: envoy.program, args: [...envoy.args([]), '--version'] };
  const { stdout, stderr } = await exec(command, system);
  const release = /version: \w+\/(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (release !== undefined) return release;
  throw new WasmeError('TOOL_FAILED', `${envoy.program} does not say which Envoy it is`, {
    hint: 'name the envoy binary with --envoy',
    details: { output: `${stdout}${stderr}`.slice(0, 2_000) },
  });
}
