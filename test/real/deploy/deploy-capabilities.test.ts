/** The least list of functions, as `--allow-capabilities auto` derives it: enough, and each one needed, in both hosts. */
import { expect, it } from 'vitest';
import { newMachine } from '../../helpers/cli/cli.ts';
import { realEnvoy } from '../../helpers/servers/envoy.ts';
import { guest, guestFile } from '../../helpers/guests/guests.ts';
import { bytes, get, headersOf, newHost, openStream } from '../../helpers/guests/test-environment.ts';
import { describeWith } from '../../helpers/tools.ts';

interface Seen {
  /** Response header that the guest sets. */
  readonly tag: string | undefined;
  /** Functions of the host that the guest called and may not. */
  readonly refused: readonly string[];
}

const refusal = /restricted proxy-wasm capability: (\w+)/;

/** The functions in the document that is written. */
async function derived(name: string): Promise<readonly string[]> {
  const machine = newMachine();
  guestFile(machine.cwd, name);
  const argv = ['deploy', 'envoy', `${name}.wasm`, '--allow-capabilities', 'auto', '--json'];
  const { stdout } = await machine.wasme(...argv);
  const text = /"allowed_capabilities":\s*(\{[^]*?\}\s*\})/.exec(stdout)?.[1] ?? '{}';
  return Object.keys(JSON.parse(text) as object);
}

async function inEnvoy(release: '1.40' | '1.36', allowed: readonly string[]): Promise<Seen> {
  const machine = newMachine();
  guestFile(machine.cwd, 'deploy-tag');
  const free = ['-p', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--envoy-version', release];
  const flags = ['--config', 'tag', '--allow-capabilities', allowed.join(',')];
  const { stdout } = await machine.wasme('deploy', 'envoy', 'deploy-tag.wasm', ...free, ...flags);
  const envoy = await realEnvoy(stdout, { release });
  const tag = (await fetch(envoy.url)).headers.get('x-tag') ?? undefined;
  await envoy.stop();
  return { tag, refused: refusedIn(envoy.log) };
}

async function inOurs(allowedCapabilities: readonly string[]): Promise<Seen> {
  const { host, machine } = newHost();
  const plugin = await host.loadPlugin(guest('deploy-tag'), {
    name: 'p',
    configuration: bytes('tag'),
    allowedCapabilities,
  });
  const { stream, sink } = openStream(host, [plugin]);
  stream.decodeHeaders(get(), true);
  stream.encodeHeaders(headersOf({ ':status': '200' }), true);
  const tag = sink.responseHeadersOut?.entries.find(([name]) => String(name) === 'x-tag')?.[1];
  return { tag: tag === undefined ? undefined : String(tag), refused: refusedIn(machine.hostLogs) };
}

function refusedIn(lines: readonly string[]): string[] {
  const names = lines.map(line => refusal.exec(line)?.[1]).filter(name => name !== undefined);
  return [...new Set(names)].sort();
}

describeWith(['envoy-1.40', 'envoy-1.36'], 'the least list of functions', () => {
  it.each(['1.40', '1.36'] as const)(
    'is enough, and what is taken out of it is refused alike: %s',
    async release => {
      const names = await derived('deploy-tag');
      expect(names).toContain('proxy_replace_header_map_value');
      const whole = { tag: 'tag', refused: [] };
      expect(await inEnvoy(release, names)).toEqual(whole);
      expect(await inOurs(names)).toEqual(whole);
      for (const name of names) {
        const rest = names.filter(other => other !== name);
        expect(await inOurs(rest), `without ${name}`).toEqual(await inEnvoy(release, rest));
      }
      const needed = [
        'proxy_replace_header_map_value',
        'proxy_on_response_headers',
        'proxy_get_buffer_bytes',
      ];
      for (const name of needed) {
        expect(await inOurs(names.filter(other => other !== name)), name).not.toEqual(whole);
      }
    },
  );

  it('names functions of WASI as the host knows them', async () => {
    expect(await derived('deploy-env')).toEqual(
      expect.arrayContaining(['environ_get', 'environ_sizes_get', 'proxy_log', 'proxy_on_configure']),
    );
  });
});
