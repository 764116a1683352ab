import { expect, it } from 'vitest';
import { dumpedEnvoy, findPlugin } from '../../../../../src/targets/envoy/status/config-dump.ts';
import { pluginNameIn } from '../../../../../src/targets/istio/plugin-name.ts';

/** A section of /config_dump as Envoy 1.40 writes it: one for HTTP filters and one for network filters. */
const discovered = (kind: 'http' | 'network', ...names: string[]): object => ({
  '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump',
  ...(names.length === 0
    ? {}
    : {
        ecds_filters: names.map(name => ({
          version_info: '1',
          last_updated: '2026-01-01T00:00:00.000Z',
          ecds_filter: {
            '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
            name: `extensions.istio.io/trafficextension/${name}`,
            typed_config: {
              '@type': `type.googleapis.com/envoy.extensions.filters.${kind}.wasm.v3.Wasm`,
              config: { name },
            },
          },
        })),
      }),
});

it.each([
  ['HTTP first', { configs: [discovered('http', 'shop.e2'), discovered('network', 'shop.net')] }],
  ['network first', { configs: [discovered('network', 'shop.net'), discovered('http', 'shop.e2')] }],
])('filters of every section of one type are found: %s', (_, dump) => {
  expect(dumpedEnvoy(dump).names).toEqual(['shop.e2', 'shop.net']);
  expect(findPlugin(dump, 'shop.e2').config).toMatchObject({ name: 'shop.e2' });
  expect(findPlugin(dump, 'shop.net').config).toMatchObject({ name: 'shop.net' });
});

it('an empty section behind hides no filter', () => {
  const dump = { configs: [discovered('http', 'shop.e2'), discovered('network')] };
  expect(findPlugin(dump, 'shop.e2').config).toMatchObject({ name: 'shop.e2' });
});

it('the plugin of a WasmPlugin is found under the name that istiod 1.31 gives it', () => {
  const translated = 'shop.b~istio-translated-wasmplugin';
  expect(pluginNameIn({ configs: [discovered('http', translated)] }, 'shop.b')).toBe(translated);
  expect(pluginNameIn({ configs: [discovered('http', 'shop.b')] }, 'shop.b')).toBe('shop.b');
  expect(pluginNameIn(undefined, 'shop.b')).toBe('shop.b');
});
