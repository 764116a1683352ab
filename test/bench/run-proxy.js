// What a proxied request costs: Envoy, a thin Node proxy and ours, with and without the same filter, in turns in one run.
// node test/bench/run-proxy.js [module.wasm] [--seconds 4] [--rounds 3] [--only run,envoy-filter] [--pinned]
// Needs wrk, dist/ and, for the comparison, Envoy 1.40. Prints requests a second, p50, p99 and CPU time a request; ratios
// are medians over the rounds. --pinned: the proxy has one core to itself, wrk and the upstream share the other.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bundled,
  cleanUp,
  envoy,
  load,
  median,
  start,
  startEnvoy,
  startRun,
  startUpstream,
} from './programs.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    pinned: { type: 'boolean', default: false },
  },
});
const [module] = positionals;
const [proxyCore, loadCore] = values.pinned ? [0, 1] : [];
const hasEnvoy = module !== undefined && existsSync(envoy);

/** By the names that --only takes. */
const contestants = {
  thin: to => node('thin node:http + undici dispatch', join(import.meta.dirname, 'thin-proxy.js'), to),
  plain: async to => node('ours, no filter', await bundled('plain-proxy.ts'), to),
  envoy: to => hasEnvoy && startEnvoy('Envoy, no filter', module, to, proxyCore, false),
  run: to => module !== undefined && startRun('wasme run, filter', module, to, proxyCore),
  'envoy-filter': to => hasEnvoy && startEnvoy('Envoy, filter', module, to, proxyCore, true),
};

function node(name, file, to) {
  return start(name, process.execPath, [file, `${to}`], proxyCore);
}

try {
  const wanted = values.only?.split(',') ?? Object.keys(contestants);
  const upstream = await startUpstream(loadCore);
  const proxies = [];
  for (const key of wanted) {
    const proxy = await contestants[key](upstream.port);
    if (proxy) proxies.push(proxy);
  }
  for (const proxy of proxies) await fetch(`http://127.0.0.1:${proxy.port}/x`);
  const results = new Map(proxies.map(({ name }) => [name, []]));
  for (const proxy of proxies) load(proxy, values.seconds, loadCore); // Warm up.
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const proxy of proxies) results.get(proxy.name).push(load(proxy, values.seconds, loadCore));
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
  cleanUp();
}
