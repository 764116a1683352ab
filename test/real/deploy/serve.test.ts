/** Real Envoys that fetch their code from `wasme serve`. */
import { expect, it, onTestFinished } from 'vitest';
import type { ServeResult } from '../../../src/serve.ts';
import { type Screen, newMachine } from '../../helpers/cli/cli.ts';
import { realEnvoy } from '../../helpers/servers/envoy.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { describeWith } from '../../helpers/tools.ts';
import { until } from '../../helpers/until.ts';

describeWith(['envoy-1.40', 'envoy-1.36'], 'serve for real Envoys', () => {
  it.each(['1.40', '1.36'] as const)(
    'Envoy %s fetches a module of the local store, pinned by its digest',
    async release => {
      const interrupt = new AbortController();
      const machine = newMachine({ signal: interrupt.signal });
      guestFile(machine.cwd, 'deploy-tag');
      await machine.wasme(
        'convert',
        'deploy-tag.wasm',
        'registry.example/me/tagger:v1',
        '--layout',
        'compat',
      );
      const screen: Screen = { out: '', err: '' };
      const ended = machine.wasmeLive(screen, 'serve', '-p', '0', '--json');
      onTestFinished(async () => {
        interrupt.abort();
        await ended;
      });
      const out = await until(
        () => screen.out || undefined,
        () => screen.err,
      );
      const { modules } = JSON.parse(out) as ServeResult;
      const [{ url, digest } = { url: '', digest: '' }] = modules;
      const free = ['-p', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--envoy-version', release];
      const argv = ['deploy', 'envoy', url, '--id', 'tagger', '--config', 'fetched', ...free];
      const { stdout, stderr } = await machine.wasme(...argv);
      expect(stderr).toBe('');
      // With the digest given nothing is fetched now; the document is the same.
      const asked = screen.err;
      expect((await machine.wasme(...argv, '--digest', digest)).stdout).toBe(stdout);
      expect(screen.err).toBe(asked);
      const envoy = await realEnvoy(stdout, { release });
      await envoy.logged('wasm log');
      expect(screen.err.length, 'Envoy fetched it').toBeGreaterThan(asked.length);
      expect((await fetch(envoy.url)).headers.get('x-tag')).toBe('fetched');
      const status = await machine.wasme(
        ...['status', 'envoy', '--id', 'tagger', '--digest', digest, '--admin', envoy.admin.url, '--json'],
      );
      expect(JSON.parse(status.stdout)).toMatchObject({ healthy: true, rows: [{ state: 'loaded', digest }] });
    },
  );
});
