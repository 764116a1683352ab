// What `wasme push` and `pull` cost beside skopeo (and ORAS, crane where they are installed) on one docker-registry:
// the whole process for 1 MB and for 100 MB, and the memory for 1, 250 and 500 MB.
// node test/bench/push.js [rounds]; needs dist/, docker-registry and skopeo. Medians.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'commands', 'main.cjs');
const tools = process.env.WASME_TOOLS ?? join(homedir(), '.cache', 'wasme-ci');
const clients = join(tools, 'oci-clients-2.6.4-0.22.1', 'bin');
const rounds = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'wasme-bench-'));
const env = { ...process.env, WASME_HOME: join(folder, 'home') };

function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

/** A module of about so many bytes that does not compress. */
function writeModule(name, size) {
  const payload = Buffer.concat([Buffer.from([3]), Buffer.from('pad'), randomBytes(size)]);
  writeFileSync(
    join(folder, name),
    Buffer.concat([Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, 0]), Buffer.from(leb(payload.length)), payload]),
  );
}

/** Milliseconds, those of them on a processor, and peak resident megabytes of one process. */
function measure(program, args) {
  const startedAt = process.hrtime.bigint();
  const { status, stderr } = spawnSync(
    '/usr/bin/env',
    ['time', '-f', '%M %U %S', '-o', join(folder, 'rss'), program, ...args],
    { cwd: folder, env, encoding: 'utf8' },
  );
  const ms = Number(process.hrtime.bigint() - startedAt) / 1e6;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  const [kilobytes, user, system] = readFileSync(join(folder, 'rss'), 'utf8').split(' ').map(Number);
  return { ms, cpuMs: (user + system) * 1000, megabytes: kilobytes / 1000 };
}

function median(job) {
  const all = Array.from({ length: rounds }, (_, round) => job(round));
  const middle = key => all.map(one => one[key]).sort((a, b) => a - b)[rounds >> 1];
  return { ms: middle('ms'), cpuMs: middle('cpuMs'), megabytes: middle('megabytes') };
}

const show = (label, { ms, cpuMs, megabytes }) =>
  console.log(
    `${label.padEnd(44)} ${(ms / 1000).toFixed(2)} s  ${(cpuMs / 1000).toFixed(2)} s CPU  ${megabytes.toFixed(0)} MB`,
  );

writeFileSync(
  join(folder, 'config.yml'),
  JSON.stringify({
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0' },
  }),
);
// Its log goes to a file: a pipe that nobody reads while a client is measured would stop it.
const log = join(folder, 'registry.log');
const registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
  stdio: ['ignore', 'ignore', openSync(log, 'w')],
});
let host = '';
while (host === '') {
  await sleep(50);
  const port = /listening on [^"]*:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
  if (port) host = `localhost:${port}`;
}

try {
  for (const [name, size] of [
    ['m1.wasm', 1e6],
    ['m100.wasm', 1e8],
    ['m250.wasm', 2.5e8],
  ])
    writeModule(name, size);
  const bare = median(() => measure(process.execPath, ['-e', '0']));
  show('node -e 0', bare);
  // Another repository each time: nothing is there yet.
  let fresh = 0;
  const place = () => `${host}/r${++fresh}/a:v1`;
  const wipe = () => rmSync(join(folder, 'data'), { recursive: true, force: true });
  const small = median(() => {
    wipe();
    return measure(process.execPath, [cli, 'push', place(), '-f', 'm1.wasm', '-q']);
  });
  show('wasme push 1 MB', small);
  console.log(`  ${(small.ms / bare.ms).toFixed(1)} × node -e 0; promised: 7`);
  measure(process.execPath, [cli, 'push', `${host}/src/a:v1`, '-f', 'm100.wasm', '--layout', 'raw', '-q']);
  measure('skopeo', [
    'copy',
    '-q',
    '--src-tls-verify=false',
    `docker://${host}/src/a:v1`,
    `oci:${folder}/layout:v1`,
  ]);
  measure(process.execPath, [cli, 'pull', `${host}/src/a:v1`, '-q']);
  measure(process.execPath, [cli, 'tag', `${host}/src/a:v1`, `${host}/store/a:v1`]);
  const pushes = {
    'wasme push 100 MB from the store': () => [process.execPath, [cli, 'push', `${host}/store/a:v1`, '-q']],
  };
  // Packed as proxies want it: one tar, compressed. crane does the same work with a faster and weaker compressor.
  pushes['wasme push 100 MB of a module, compat'] = () => [
    process.execPath,
    [cli, 'push', place(), '-f', 'm100.wasm', '-q'],
  ];
  const copyTo = `docker://${host}/skopeo/a:v1`;
  pushes['skopeo copy 100 MB from a folder'] = () => [
    'skopeo',
    ['copy', '-q', '--dest-tls-verify=false', `oci:${folder}/layout:v1`, copyTo],
  ];
  if (existsSync(join(clients, 'oras'))) {
    pushes['ORAS 100 MB from a folder'] = () => [
      join(clients, 'oras'),
      ['from-layout', place(), join(folder, 'layout'), 'v1'],
    ];
    spawnSync('tar', ['-cf', 'layer.tar', 'm100.wasm'], { cwd: folder });
    pushes['crane append 100 MB of a tar'] = () => [
      join(clients, 'crane'),
      ['append', '-f', join(folder, 'layer.tar'), '-t', place(), '--oci-empty-base'],
    ];
    pushes['crane push 100 MB from a folder'] = () => [
      join(clients, 'crane'),
      ['push', join(folder, 'layout'), place()],
    ];
  }
  for (const [label, command] of Object.entries(pushes)) {
    const result = median(() => {
      wipe();
      return measure(...command());
    });
    show(label, result);
  }
  measure(process.execPath, [cli, 'push', `${host}/src/a:v1`, '-f', 'm100.wasm', '--layout', 'raw', '-q']);
  const pulled = median(() => {
    rmSync(env.WASME_HOME, { recursive: true, force: true });
    return measure(process.execPath, [cli, 'pull', `${host}/src/a:v1`, '-q']);
  });
  show('wasme pull 100 MB', pulled);
  if (existsSync(join(clients, 'oras'))) {
    const other = median(round =>
      measure(join(clients, 'oras'), ['to-layout', `${host}/src/a:v1`, join(folder, `oras${round}`), 'v1']),
    );
    show('ORAS 100 MB into a folder', other);
    const third = median(round =>
      measure(join(clients, 'crane'), [
        'pull',
        '--format',
        'oci',
        `${host}/src/a:v1`,
        join(folder, `crane${round}`),
      ]),
    );
    show('crane pull 100 MB into a folder', third);
  }
  const sizes = [
    ['m1.wasm', 1],
    ['m250.wasm', 250],
  ];
  // No module: larger than any that a host loads. Somebody's image may be.
  if (existsSync(join(clients, 'oras'))) {
    writeModule('m500.wasm', 5e8);
    sizes.push(['m500.wasm', 500]);
  }
  for (const [name, size] of sizes) {
    const from = `${host}/size${size}/a:v1`;
    if (size < 500) measure(process.execPath, [cli, 'push', from, '-f', name, '--layout', 'raw', '-q']);
    else measure(join(clients, 'oras'), ['push', from, 'a/b', folder, name, 'application/wasm']);
    show(`wasme pull ${size} MB`, measure(process.execPath, [cli, 'pull', from, '-q']));
    wipe();
    show(`wasme push ${size} MB from the store`, measure(process.execPath, [cli, 'push', from, '-q']));
  }
} finally {
  registry.kill();
  rmSync(folder, { recursive: true, force: true });
}
