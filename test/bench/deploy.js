// What `wasme deploy` to stdout costs for a local project, as a whole process, beside an empty Node process.
// node test/bench/deploy.js [rounds]; needs dist/ (npm run build). Medians; the promise is 250 ms.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './environment.js';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'main.cjs');
const rounds = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));

// A module of the usual size: the smallest filter there is, with a custom section of 200 kB.
const name = text => [text.length, ...Buffer.from(text)];
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const leb = value => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]);
const module = Buffer.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [2, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f]),
  ...section(3, [2, 0, 1]),
  ...section(5, [1, 0, 1]),
  ...section(7, [
    3,
    ...name('proxy_abi_version_0_2_1'),
    0,
    0,
    ...name('malloc'),
    0,
    1,
    ...name('memory'),
    2,
    0,
  ]),
  ...section(10, [2, 2, 0, 0x0b, 4, 0, 0x41, 0, 0x0b]),
  ...section(0, [...name('padding'), ...new Array(200_000).fill(0)]),
]);

function median(args) {
  const times = [];
  for (let round = 0; round <= rounds; round++) {
    const startedAt = process.hrtime.bigint();
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    if (round > 0) times.push(Number(process.hrtime.bigint() - startedAt) / 1e6);
  }
  return times.sort((a, b) => a - b)[rounds >> 1];
}

try {
  mkdirSync(join(folder, 'build'));
  writeFileSync(join(folder, 'build', 'bench.wasm'), module);
  writeFileSync(
    join(folder, 'wasme.json'),
    JSON.stringify({ name: 'bench', language: 'rust', configuration: { a: 1 } }),
  );
  const bare = median(['-e', '0']);
  const commands = [
    ['deploy envoy', []],
    ['deploy istio', ['file:///opt/bench.wasm']],
  ];
  for (const [name, operands] of commands) {
    const deploy = median([cli, ...name.split(' '), ...operands]);
    console.log(
      `${name} to stdout: ${deploy.toFixed(0)} ms, ${(deploy / bare).toFixed(2)} × node -e 0 (${bare.toFixed(0)} ms); promised: 250 ms`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
