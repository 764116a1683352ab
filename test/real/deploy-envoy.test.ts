import { expect, it } from 'vitest';
import { newWorld } from '../helpers/cli.ts';
import { filterBootstrap, realEnvoy } from '../helpers/envoy.ts';
import { guestFile } from '../helpers/guests.ts';
import { describeWith } from '../helpers/tools.ts';

describeWith(['envoy-1.40', 'envoy-1.36'], 'bootstraps in real Envoy', () => {
  it.each(['1.40', '1.36'] as const)('%s loads the filter and runs it', async release => {
    const world = newWorld();
    const module = guestFile(world.cwd, 'deploy-tag');
    const envoy = await realEnvoy(
      filterBootstrap(module, { configuration: { form: 'text', text: 'blue' } }, { version: release }),
      { release },
    );
    const response = await fetch(envoy.url);
    expect(response.headers.get('x-tag')).toBe('blue');
    expect(envoy.guestLog()).toContain('blue');
    expect(await envoy.stats('wasm')).toMatchObject({ 'wasm.envoy.wasm.runtime.v8.active': 3 });
  });
});
