/** Checks the recording of raw HTTP/2, with which test/contract/wire-http2 compares the proxy, against a real Envoy. WASME_UPDATE=1 records again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestEnvoy, proxyBootstrap, realEnvoy } from '../../helpers/servers/envoy.ts';
import type { RawUpstream } from '../../helpers/servers/raw-http.ts';
import { describeWith } from '../../helpers/tools.ts';
import {
  type Http2Outcome,
  http2Cases,
  playHttp2,
  readHttp2Wire,
  writeHttp2Wire,
} from '../../helpers/wire/http2-cases.ts';
import { wireUpstream } from '../../helpers/wire/wire.ts';

describeWith(['envoy-1.40'], 'raw HTTP/2 in Envoy 1.40', () => {
  let upstream: RawUpstream;
  let envoy: TestEnvoy;
  const outcomes = new Map<string, Http2Outcome>();
  beforeAll(async () => {
    upstream = await wireUpstream();
    envoy = await realEnvoy(proxyBootstrap(upstream.port), { keep: true });
    for (const item of http2Cases) outcomes.set(item.name, await playHttp2(envoy.port, upstream, item));
    if (process.env['WASME_UPDATE'] === '1') writeHttp2Wire(outcomes);
  });
  afterAll(async () => {
    await envoy?.stop();
    upstream?.close();
  });

  it.each(http2Cases.map(({ name }) => name))('%s', name => {
    expect(outcomes.get(name)).toEqual(readHttp2Wire()[name]);
  });
});
