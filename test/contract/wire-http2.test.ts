/** The proxy without filters makes of raw HTTP/2 what real Envoy was recorded to make of it (test/real/host/http2-parity.test.ts records). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Proxy, startProxy } from '../../src/proxy/proxy.ts';
import { oneCluster } from '../helpers/servers/proxy-clusters.ts';
import type { RawUpstream } from '../helpers/servers/raw-http.ts';
import { http2Cases, playHttp2, readHttp2Wire } from '../helpers/wire/http2-cases.ts';
import { expectedOf } from '../helpers/wire/http2-differences.ts';
import { wireUpstream } from '../helpers/wire/wire.ts';

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

it.each(http2Cases)('$name', async item => {
  expect(await playHttp2(proxy.port, upstream, item)).toEqual(
    expectedOf(item.name, readHttp2Wire()[item.name]),
  );
});
