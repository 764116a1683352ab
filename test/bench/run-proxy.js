// What a proxied request costs: Envoy, a thin Node proxy and ours, with and without the same filter, in turns in one run.
// node test/bench/run-proxy.js [module.wasm] [seconds] [rounds]; needs wrk, dist/ and, for the comparison, Envoy 1.40.
// Prints requests a second, p50, p99 and CPU time a request; ratios are medians over the rounds.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const cli = join(here, '..', '..', 'dist', 'commands', 'main.js');
const [module, seconds = '4', rounds = '3'] = process.argv.slice(2);
const tools = process.env.WASME_TOOLS ?? join(homedir(), '.cache', 'wasme-ci');
const envoy = join(tools, 'envoy-1.40.0', 'bin', 'envoy');
const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));
const children = [];

/** Starts a program and gives back its pid and the port that it printed. */
async function start(name, program, args, portOf = text => /^(\d+)$/m.exec(text)?.[1]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  child.stdout.on('data', data => (text += data));
  child.stderr.on('data', data => (text += data));
  for (let tries = 0; tries < 500; tries++) {
    const port = portOf(text);
    if (port !== undefined) return { name, pid: child.pid, port: Number(port) };
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`${name} did not start: ${text}`);
}

async function startEnvoy(name, upstreamPort, withModule) {
  const bootstrap = execFileSync(process.execPath, [
    cli,
    'deploy',
    'envoy',
    module,
    '--upstream',
    `http://127.0.0.1:${upstreamPort}`,
    '-p',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ]).toString();
  const file = join(folder, `${name.replaceAll(' ', '-')}.yaml`);
  const admin = `${file}.admin`;
  writeFileSync(file, withModule ? bootstrap : withoutFilter(bootstrap));
  const proxy = await start(
    name,
    envoy,
    [
      '-c',
      file,
      '--concurrency',
      '1',
      '--disable-hot-restart',
      '-l',
      'warning',
      '--admin-address-path',
      admin,
    ],
    () => (existsSync(admin) && readFileSync(admin, 'utf8') !== '' ? '0' : undefined),
  );
  const listeners = await (
    await fetch(`http://${readFileSync(admin, 'utf8').trim()}/listeners?format=json`)
  ).json();
  return { ...proxy, port: listeners.listener_statuses[0].local_address.socket_address.port_value };
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
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function load({ port, pid }) {
  const before = cpuMs(pid);
  const text = execFileSync('wrk', [
    '-t1',
    '-c32',
    `-d${seconds}s`,
    '--latency',
    `http://127.0.0.1:${port}/x`,
  ]).toString();
  const requests = Number(/(\d+) requests in/.exec(text)[1]);
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0;
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    p50: milliseconds(/^\s+50%\s+(\S+)/m.exec(text)[1]),
    p99: milliseconds(/^\s+99%\s+(\S+)/m.exec(text)[1]),
    cpuUs: ((cpuMs(pid) - before) * 1000) / requests,
    bad: Number(bad),
  };
}

function milliseconds(text) {
  const value = Number.parseFloat(text);
  return text.endsWith('us') ? value / 1000 : text.endsWith('ms') ? value : value * 1000;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

try {
  const upstream = await start('upstream', process.execPath, [join(here, 'upstream.js')]);
  const to = String(upstream.port);
  const proxies = [
    await start('thin node:http + undici dispatch', process.execPath, [join(here, 'thin-proxy.js'), to]),
    await start('ours, no filter', process.execPath, [join(here, 'plain-proxy.js'), to]),
  ];
  const hasEnvoy = module !== undefined && existsSync(envoy);
  if (hasEnvoy) proxies.push(await startEnvoy('Envoy, no filter', to, false));
  if (module !== undefined) {
    const url = text => /"port": (\d+)/.exec(text)?.[1];
    proxies.push(
      await start(
        'wasme run, filter',
        process.execPath,
        [
          cli,
          'run',
          module,
          '--json',
          '--port',
          '0',
          '--upstream',
          `http://127.0.0.1:${to}`,
          '--log-level',
          'warn',
        ],
        url,
      ),
    );
    if (hasEnvoy) proxies.push(await startEnvoy('Envoy, filter', to, true));
  }
  for (const proxy of proxies) await fetch(`http://127.0.0.1:${proxy.port}/x`);
  const results = new Map(proxies.map(({ name }) => [name, []]));
  for (const proxy of proxies) load(proxy); // Warm up.
  for (let round = 0; round < Number(rounds); round++) {
    for (const proxy of proxies) results.get(proxy.name).push(load(proxy));
  }
  const of = (name, key) => median((results.get(name) ?? []).map(result => result[key]));
  for (const name of results.keys()) {
    const show = (key, digits) => of(name, key).toFixed(digits).padStart(8);
    process.stdout.write(
      `${name.padEnd(34)}${show('perSecond', 0)} req/s  p50${show('p50', 2)} ms  p99${show('p99', 2)} ms  CPU${show('cpuUs', 1)} µs  bad ${of(name, 'bad')}\n`,
    );
  }
  const ratio = (title, a, b) => {
    if (!results.has(a) || !results.has(b)) return;
    const speed = of(a, 'perSecond') / of(b, 'perSecond');
    const cpu = of(b, 'cpuUs') / of(a, 'cpuUs');
    const tail = of(a, 'p99') / of(b, 'p99');
    process.stdout.write(
      `${title}: ${speed.toFixed(2)} × req/s, ${cpu.toFixed(2)} × by CPU time, p99 ${tail.toFixed(2)} ×\n`,
    );
  };
  ratio('ours without filter / thin proxy', 'ours, no filter', 'thin node:http + undici dispatch');
  ratio('ours without filter / Envoy', 'ours, no filter', 'Envoy, no filter');
  ratio('wasme run with filter / Envoy with it', 'wasme run, filter', 'Envoy, filter');
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
}
