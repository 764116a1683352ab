/** Kinds × code × places × settings of `deploy envoy`: every pair of choices meets in some row, in the oldest and newest Envoy. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newMachine } from '../../helpers/cli/cli.ts';
import { type TestEnvoy, realEnvoy } from '../../helpers/servers/envoy.ts';
import { guest, guestFile } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

const factors = {
  kind: ['http', 'network', 'service', 'access-log'],
  code: ['file', 'remote'],
  place: ['bootstrap', 'in', 'dynamic'],
  policy: ['default', 'closed', 'open', 'reload'],
  capabilities: ['all', 'auto'],
  env: ['none', 'set', 'host', 'both'],
  vm: ['none', 'named', 'configured'],
  config: ['none', 'text', 'json', 'bytes'],
  upstream: ['none', 'http'],
} as const;

type Factor = keyof typeof factors;
type Row = { readonly [F in Factor]: (typeof factors)[F][number] };

const names = Object.keys(factors) as Factor[];

/** Excludes impossible combinations: Envoy discovers HTTP and network filters only, and the user's own file has its own routes. */
function impossible(row: Partial<Row>): boolean {
  return (
    (row.place === 'dynamic' && (row.kind === 'service' || row.kind === 'access-log')) ||
    (row.place === 'in' && row.upstream === 'http')
  );
}

const pairsOf = (row: Partial<Row>): string[] =>
  names.flatMap((a, index) =>
    names
      .slice(index + 1)
      .filter(b => row[a] !== undefined && row[b] !== undefined)
      .map(b => `${a}=${row[a] ?? ''} ${b}=${row[b] ?? ''}`),
  );

/** Rows in which every possible pair is there: each row is begun with an open pair and filled with what meets most others. */
function pairwise(): Row[] {
  const open = new Set<string>();
  for (const [index, a] of names.entries()) {
    for (const b of names.slice(index + 1)) {
      for (const x of factors[a]) {
        for (const y of factors[b]) {
          const pair = { [a]: x, [b]: y } as Partial<Row>;
          if (!impossible(pair)) for (const text of pairsOf(pair)) open.add(text);
        }
      }
    }
  }
  const rows: Row[] = [];
  while (open.size > 0) {
    const [first = ''] = open;
    let row = Object.fromEntries(first.split(' ').map(part => part.split('='))) as Partial<Row>;
    for (const name of names) {
      if (row[name] !== undefined) continue;
      const gain = (value: string): number => {
        const next = { ...row, [name]: value };
        return impossible(next) ? -1 : pairsOf(next).filter(pair => open.has(pair)).length;
      };
      const best = [...factors[name]].reduce<string>(
        (found, value) => (gain(value) > gain(found) ? value : found),
        factors[name].find(value => gain(value) >= 0) ?? factors[name][0],
      );
      row = { ...row, [name]: best };
    }
    for (const pair of pairsOf(row)) open.delete(pair);
    rows.push(row as Row);
  }
  return rows;
}

const rows = pairwise();
const own = readFileSync(
  join(import.meta.dirname, '..', '..', 'fixtures', 'deploy', 'own-envoy.yaml'),
  'utf8',
);

async function serve(): Promise<string> {
  const server = createServer((request, response) =>
    response.end(request.url === '/f.wasm' ? guest('deploy-kinds') : 'from upstream'),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function flagsOf(row: Row, release: string, web: string): string[] {
  const flags = ['--kind', row.kind, '--id', 'f', '--envoy-version', release];
  if (row.place !== 'in') flags.push('-p', '127.0.0.1:0', '--admin', '127.0.0.1:0');
  if (row.place === 'in') flags.push('--in', 'own.yaml');
  if (row.place === 'dynamic') flags.push('--dynamic', 'live');
  if (row.policy !== 'default') flags.push('--fail-policy', row.policy);
  if (row.capabilities === 'auto') flags.push('--allow-capabilities', 'auto');
  if (row.env === 'set' || row.env === 'both') flags.push('--env', 'A=b c');
  if (row.env === 'host' || row.env === 'both') flags.push('--env', 'HOME');
  if (row.vm !== 'none') flags.push('--vm-id', 'v');
  if (row.vm === 'configured') flags.push('--vm-config', 'vm: "x"');
  const config = { none: [], text: ['it\'s: #"'], json: ['{"a":[1,null]}'], bytes: ['@bytes.bin'] }[
    row.config
  ];
  if (config.length > 0) flags.push('--config', ...config);
  if (row.upstream === 'http')
    flags.push('--upstream', row.kind === 'network' ? web.replace('http', 'tcp') : web);
  return flags;
}

function sendTcp(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    socket.once('data', data => {
      resolve(String(data));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** Traffic, and the words that the guest must have logged by then. */
async function traffic(row: Row, envoy: TestEnvoy): Promise<void> {
  await envoy.logged('configured');
  if (row.kind === 'service') return;
  const answer = await sendTcp(envoy.port);
  if (row.kind === 'network') {
    for (const line of ['connection', 'data']) await envoy.logged(line);
    return;
  }
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  await envoy.logged(row.kind === 'http' ? 'request' : 'logged');
}

describe('the matrix', () => {
  it('has every kind in every place, and few rows', () => {
    expect(rows.length).toBeLessThan(32);
    expect(new Set(rows.flatMap(pairsOf)).size).toBeGreaterThan(200);
  });
});

describeWith(['envoy-1.40', 'envoy-1.36'], 'deploy envoy, choice by choice', () => {
  const titled = rows.map(row => ({ ...row, title: names.map(name => row[name]).join(' ') }));
  for (const release of ['1.40', '1.36'] as const) {
    it.each(titled)(`${release}: $title`, async row => {
      const machine = newMachine();
      guestFile(machine.cwd, 'deploy-kinds');
      writeFileSync(join(machine.cwd, 'bytes.bin'), Buffer.from([0xff, 0, 0x80]));
      writeFileSync(join(machine.cwd, 'own.yaml'), own);
      const web = await serve();
      const source = row.code === 'file' ? 'deploy-kinds.wasm' : `${web}/f.wasm`;
      const flags = flagsOf(row, release, web);
      const { exitCode, stdout, stderr } = await machine.wasme('deploy', 'envoy', source, ...flags);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const text =
        row.place === 'dynamic' ? readFileSync(join(machine.cwd, 'live', 'envoy.yaml'), 'utf8') : stdout;
      const file = join(machine.cwd, 'validate.yaml');
      writeFileSync(file, text);
      const checked = spawnSync(
        tool(`envoy-${release}`),
        ['--mode', 'validate', '-c', file, '--disable-hot-restart', '--concurrency', '1', '-l', 'warning'],
        { encoding: 'utf8' },
      );
      expect(checked.status, checked.stderr).toBe(0);
      expect(checked.stderr).not.toContain('Deprecated field');
      await traffic(row, await realEnvoy(text, { release }));
      if (row.place !== 'in') return;
      writeFileSync(join(machine.cwd, 'own.yaml'), text);
      expect((await machine.wasme('undeploy', 'envoy', '--in', 'own.yaml', '--id', 'f')).stdout).toBe(own);
    });
  }
});
