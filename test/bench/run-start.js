// From the start of the process to its first answered request, and memory after load: `wasme run` beside Envoy.
// node test/bench/run-start.js module.wasm… [--rounds 5] [--seconds 3]; needs dist/, Envoy 1.40 and, for memory, wrk.
// Processes take turns; medians. A client asks every 2 ms until it gets an answer.
import { existsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import {
  cleanUp,
  envoy,
  envoyArguments,
  launch,
  load,
  median,
  residentMb,
  runArguments,
  startUpstream,
  stop,
  until,
} from './programs.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** True when a GET was answered with 200. */
function answers(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /x HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n'),
    );
    socket.once('data', data => {
      resolve(data.toString('latin1').startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

const programs = [
  {
    name: 'wasme run',
    command: (module, to, port) => [process.execPath, runArguments(module, to, port)],
  },
  {
    name: 'Envoy',
    command: (module, to, port) => [envoy, envoyArguments('start', module, to, { port }).args],
  },
];

async function begin({ name, command }, module, to) {
  const port = await freePort();
  const [program, args] = command(module, to, port);
  const startedMs = performance.now();
  const started = launch(program, args);
  await until(
    async () => ((await answers(port)) ? true : undefined),
    () => `${name} does not answer: ${started.text}`,
    2,
  );
  return { ...started, port, startMs: performance.now() - startedMs };
}

try {
  if (!existsSync(envoy)) throw new Error(`no Envoy at ${envoy}`);
  const upstream = await startUpstream();
  for (const module of positionals) {
    console.log(`${basename(module)}, ${(statSync(module).size / 1e6).toFixed(2)} MB`);
    const found = programs.map(() => ({ startMs: [], idleMb: [], loadedMb: [] }));
    for (let round = 0; round < rounds; round++) {
      for (const [index, program] of programs.entries()) {
        const running = await begin(program, module, upstream.port);
        found[index].startMs.push(running.startMs);
        found[index].idleMb.push(residentMb(running.pid));
        if (round === 0 && Number(values.seconds) > 0) {
          load(running, values.seconds);
          found[index].loadedMb.push(residentMb(running.pid));
        }
        await stop(running);
      }
    }
    const show = key => {
      const [ours, theirs] = found.map(one => median(one[key]));
      return ours === undefined
        ? '-'
        : `${ours.toFixed(0)} / ${theirs.toFixed(0)} = ${(ours / theirs).toFixed(2)}`;
    };
    console.log(`  first answer (ms), ours / Envoy:      ${show('startMs')}`);
    console.log(`  memory when it answers (MB):          ${show('idleMb')}`);
    console.log(`  memory after ${values.seconds} s of load (MB):       ${show('loadedMb')}`);
  }
} finally {
  cleanUp();
}
