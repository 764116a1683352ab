// What the benchmarks of `wasme run` start and look at: proxies and an upstream as processes, their CPU time and memory.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import './environment.js';

const here = import.meta.dirname;
const tools = process.env.WASME_TOOLS ?? join(homedir(), '.cache', 'wasme-ci');

export const cli = join(here, '..', '..', 'dist', 'commands', 'main.cjs');
export const envoy = join(tools, 'envoy-1.40.0', 'bin', 'envoy');
export const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));
const children = new Set();

/** A file of this folder that is TypeScript, as one that Node can run; gives its path. */
export async function bundled(name) {
  const file = join(here, '..', '..', 'node_modules', '.cache', name.replace(/ts$/, 'mjs'));
  const bundle = await rolldown({ input: join(here, name), platform: 'node', external: /^[^./]/ });
  // One file, although the sources import some of their parts late.
  await bundle.write({ file, codeSplitting: false });
  return file;
}

/** Starts a program; `core` keeps all its threads on one processor. */
export function launch(program, args, core) {
  const command = core === undefined ? [program, ...args] : ['taskset', '-c', String(core), program, ...args];
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  const started = { pid: child.pid, text: '', child };
  children.add(child);
  child.stdout.on('data', data => (started.text += data));
  child.stderr.on('data', data => (started.text += data));
  return started;
}

/** Calls `look` until it gives something. */
export async function until(look, what, everyMs = 20, limitMs = 60_000) {
  for (const end = Date.now() + limitMs; Date.now() < end; ) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
  throw new Error(what());
}

/** Starts a program that prints the port it listens on. */
export async function start(name, program, args, core, pattern = /^(\d+)$/m) {
  const started = launch(program, args, core);
  const port = await until(
    () => pattern.exec(started.text)?.[1],
    () => `${name} did not start: ${started.text}`,
  );
  return { name, ...started, port: Number(port) };
}

export function startUpstream(core) {
  return start('upstream', process.execPath, [join(here, 'upstream.js')], core);
}

/** Arguments of `wasme run` for a module in front of the upstream on `to`. */
export function runArguments(module, to, port = 0) {
  const upstream = `http://127.0.0.1:${to}`;
  return [cli, 'run', module, '--json', '--port', `${port}`, '--upstream', upstream, '--log-level', 'warn'];
}

export function startRun(name, module, to, core) {
  return start(name, process.execPath, runArguments(module, to), core, /"port": (\d+)/);
}

/** Writes what Envoy needs to serve on `port` as `wasme run` does; gives its arguments. */
export function envoyArguments(name, module, to, { port = 0, filter = true } = {}) {
  const addresses = ['-p', `127.0.0.1:${port}`, '--admin', '127.0.0.1:0'];
  const deploy = [cli, 'deploy', 'envoy', module, '--upstream', `http://127.0.0.1:${to}`, ...addresses];
  const yaml = execFileSync(process.execPath, deploy, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const file = join(folder, `${name.replaceAll(/\W+/g, '-')}.yaml`);
  writeFileSync(file, filter ? yaml : withoutFilter(yaml));
  rmSync(`${file}.admin`, { force: true });
  const one = ['--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
  return { admin: `${file}.admin`, args: ['-c', file, ...one, '--admin-address-path', `${file}.admin`] };
}

export async function startEnvoy(name, module, to, core, filter) {
  const { admin, args } = envoyArguments(name, module, to, { filter });
  const started = launch(envoy, args, core);
  const address = await until(
    () => (existsSync(admin) && readFileSync(admin, 'utf8').trim()) || undefined,
    () => `${name} did not start: ${started.text}`,
  );
  const listeners = await (await fetch(`http://${address}/listeners?format=json`)).json();
  return { name, ...started, port: listeners.listener_statuses[0].local_address.socket_address.port_value };
}

/** The same bootstrap with only the router left in its chain. */
function withoutFilter(yaml) {
  const lines = yaml.split('\n');
  const from = lines.findIndex(line => /^\s*http_filters:/.test(line));
  const indent = /^\s*- /.exec(lines[from + 1])[0];
  const to = lines.findIndex((line, at) => at > from + 1 && line.startsWith(indent));
  return [...lines.slice(0, from + 1), ...lines.slice(to)].join('\n');
}

/** User and system time of a process, in milliseconds. */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process, in MB. */
export function residentMb(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** One run of `wrk`: throughput, latency and CPU time a request. */
export function load({ port, pid }, seconds, core) {
  const wrk = ['wrk', '-t1', '-c32', `-d${seconds}s`, '--latency', `http://127.0.0.1:${port}/x`];
  const [program, ...args] = core === undefined ? wrk : ['taskset', '-c', `${core}`, ...wrk];
  const before = cpuMs(pid);
  const text = execFileSync(program, args).toString();
  const requests = Number(/(\d+) requests in/.exec(text)[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    p50: milliseconds(/^\s+50%\s+(\S+)/m.exec(text)[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(text)[1]),
    cpuUs: ((cpuMs(pid) - before) * 1000) / requests,
    bad: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
  };
}

function milliseconds(text) {
  const value = Number.parseFloat(text);
  return text.endsWith('us') ? value / 1000 : text.endsWith('ms') ? value : value * 1000;
}

export function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

export async function stop({ child }) {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill();
  await ended;
}

/** To be called at the end, whatever happened. */
export function cleanUp() {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
}
