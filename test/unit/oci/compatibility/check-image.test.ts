/** Verdicts that join the module's rules with the image's. */
import { describe, expect, it } from 'vitest';
import {
  defaultHosts,
  checkForHosts,
  requireLoadableImage,
} from '../../../../src/oci/compatibility/check-image.ts';
import { packImage } from '../../../../src/oci/packaging/formats/index.ts';
import { openImage } from '../../../../src/oci/read/open-image.ts';
import { graphSource } from '../../../../src/oci/target.ts';
import { compileWat } from '../../../helpers/guests/guests.ts';
import { component, emptyModule, filterText } from '../../../helpers/guests/images.ts';

const name = 'registry.example/team/filter:v1';
const filter = (body?: string, marker?: string): Uint8Array => compileWat(filterText(body, marker));
const judgeOne = async (module: Uint8Array, host: string) =>
  (await checkForHosts({ module, name }, [host]))[0];
const imported = (module: string, field: string, type: string): string =>
  `(import "${module}" "${field}" (func ${type}))`;

describe('a module', () => {
  it('with the ABI loads in every default host', async () => {
    const verdicts = await checkForHosts({ module: filter(), name }, defaultHosts);
    expect(verdicts.map(verdict => [verdict.host, verdict.ok])).toEqual(
      defaultHosts.map(host => [host, true]),
    );
  });

  it('without an ABI marker is refused', async () => {
    expect(await judgeOne(filter('', 'other'), 'istio@1.30')).toMatchObject({
      ok: false,
      reason: 'Missing or unknown Proxy-Wasm ABI version',
      repair: expect.stringContaining('Proxy-Wasm SDK') as string,
    });
  });

  it.each([
    ['poll_oneoff', 'envoy@1.32', false],
    ['poll_oneoff', 'envoy@1.33', true],
    ['poll_oneoff', 'istio@1.24', false],
    ['poll_oneoff', 'istio@1.25', true],
    ['poll_oneoff', 'higress', false],
    ['poll_oneoff', 'envoy-gateway@1.2', false],
    ['poll_oneoff', 'envoy-gateway@1.3', true],
  ])('that imports %s: %s %s', async (field, host, ok) => {
    const module = filter(imported('wasi_snapshot_preview1', field, '(param i32 i32 i32 i32) (result i32)'));
    expect(await judgeOne(module, host)).toMatchObject({ ok });
  });

  it('of standard Go is refused by an Envoy before 1.33', async () => {
    const module = filter(imported('wasi_snapshot_preview1', 'sched_yield', '(result i32)'));
    expect(await judgeOne(module, 'istio@1.20')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('missing import: wasi_snapshot_preview1.sched_yield') as string,
      repair: expect.stringContaining('1.33') as string,
    });
  });

  it('that is a component is refused', async () => {
    expect(await judgeOne(component, 'envoy')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('component') as string,
    });
  });

  it('is refused by the forks of Envoy in old versions of Istio', async () => {
    expect(await judgeOne(filter(), 'istio@1.7')).toMatchObject({
      ok: false,
      repair: 'upgrade to Istio 1.9 or newer',
    });
  });

  it('with 32 MiB of memory is refused by Google, and calls that do nothing there are noted', async () => {
    const heavy =
      compileWat(`(module ${imported('env', 'proxy_set_tick_period_milliseconds', '(param i32) (result i32)')}
      (memory (export "memory") 512) (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 0)))`);
    expect(await judgeOne(heavy, 'gcp')).toMatchObject({
      ok: false,
      reason: 'the module starts with 32768 KiB of memory; it gets 16 MiB',
      notes: expect.arrayContaining([
        'these calls do nothing there: proxy_set_tick_period_milliseconds',
      ]) as string[],
    });
    expect(await judgeOne(heavy, 'envoy')).toMatchObject({ ok: true });
  });
});

describe('an image', () => {
  const subject = async (layout: 'compat' | 'cncf' | 'oci', module = filter()) => ({
    module,
    name,
    image: await openImage(graphSource(packImage(layout, module)), 'latest'),
  });

  it('in the default layout loads in the mesh; for Gloo the repair is a convert command', async () => {
    const [istio, gloo] = await checkForHosts(await subject('compat'), ['istio@1.30', 'gloo@ee']);
    expect(istio).toMatchObject({
      ok: true,
      reason: 'loads as OCI image with a tar layer',
      repair: null,
    });
    expect(gloo?.repair).toContain(`wasme convert ${name} --layout oci`);
  });

  it('does not concern Envoy, which takes files', async () => {
    const [envoy] = await checkForHosts(await subject('cncf'), ['envoy@1.36']);
    expect(envoy).toMatchObject({ ok: true, notes: [expect.stringContaining('deploy envoy')] });
  });

  it.each(['istio@1.11', 'envoy-gateway@1.0'])('is not fetched by %s', async host => {
    const [verdict] = await checkForHosts(await subject('compat'), [host]);
    expect(verdict).toMatchObject({ ok: false, reason: 'this version fetches no images' });
  });

  it('is refused for its module first, for a host in any case', async () => {
    const twice = await checkForHosts(await subject('compat', filter('(import "env" "odd" (func))')), [
      'Istio',
      'istio',
    ]);
    expect(twice.map(({ ok, reason }) => ({ ok, reason }))).toEqual([
      { ok: false, reason: 'Failed to load Wasm module due to a missing import: env.odd' },
      { ok: false, reason: 'Failed to load Wasm module due to a missing import: env.odd' },
    ]);
  });

  it('cannot be checked for the internal name of a loader', async () => {
    await expect(checkForHosts(await subject('compat'), ['istio-1.12'])).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('is checked for readers that are not hosts', async () => {
    const verdicts = await checkForHosts(await subject('cncf'), ['cncf', 'kwctl', 'wasmcloud', 'wasme']);
    expect(verdicts.map(verdict => verdict.ok)).toEqual([true, false, false, false]);
  });

  it('with a module that is not a filter is refused in any packaging', async () => {
    const [verdict] = await checkForHosts(await subject('compat', emptyModule), ['istio']);
    expect(verdict).toMatchObject({ ok: false, reason: expect.stringContaining('ABI version') as string });
  });

  it('that a host refuses fails push and deploy with the repair as hint', async () => {
    await expect(requireLoadableImage(await subject('cncf'), ['envoy', 'istio'])).rejects.toMatchObject({
      code: 'NOT_LOADABLE',
      message: expect.stringContaining(`istio would not load ${name}`) as string,
      hint: expect.stringContaining('--force') as string,
    });
    await expect(requireLoadableImage(await subject('compat'), ['envoy', 'istio'])).resolves.toHaveLength(2);
  });
});
