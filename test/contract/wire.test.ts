/** The proxy without filters makes of raw HTTP/1 what real Envoy was recorded to make of it (test/real/host/proxy-parity.test.ts records). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Proxy, startProxy } from '../../src/proxy/proxy.ts';
import { oneCluster } from '../helpers/servers/proxy-clusters.ts';
import type { RawUpstream } from '../helpers/servers/raw-http.ts';
import { playWire, readWire, shortWireCases, wireUpstream } from '../helpers/wire/wire.ts';
import { wireCases } from '../helpers/wire/wire-cases.ts';

let upstream: RawUpstream;
let proxy: Proxy;

beforeAll(async () => {
  upstream = await wireUpstream();
  proxy = await startProxy({
    host: '127.0.0.1',
    port: 0,
    clusters: oneCluster(upstream.port),
    routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
  });
});
afterAll(async () => {
  await proxy.close();
  upstream.close();
});

it.each(wireCases)('$name', async item => {
  expect(await playWire(proxy.port, upstream, item)).toEqual(readWire()[item.name]);
});

it.each(shortWireCases)('sent byte by byte: $name', async item => {
  expect(await playWire(proxy.port, upstream, item, 'byte by byte')).toEqual(readWire()[item.name]);
});
