/** Checks the recording of raw HTTP/1, with which test/contract/wire compares the proxy, against a real Envoy. WASME_UPDATE=1 records again. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  joinedInRequests,
  joinedInResponses,
  joinedInResponseTrailers,
} from '../../../src/host/http/inline-headers.ts';
import { startProxy } from '../../../src/proxy/proxy.ts';
import { type TestEnvoy, proxyBootstrap, realEnvoy } from '../../helpers/servers/envoy.ts';
import { oneCluster } from '../../helpers/servers/proxy-clusters.ts';
import { type RawUpstream, closing, rawRequest, rawUpstream } from '../../helpers/servers/raw-http.ts';
import { describeWith } from '../../helpers/tools.ts';
import {
  type WireOutcome,
  playWire,
  readWire,
  shortWireCases,
  wireUpstream,
  writeWire,
} from '../../helpers/wire/wire.ts';
import { wireCases } from '../../helpers/wire/wire-cases.ts';

describeWith(['envoy-1.40'], 'raw HTTP/1 in Envoy 1.40', () => {
  let upstream: RawUpstream;
  let envoy: TestEnvoy;
  const outcomes = new Map<string, WireOutcome>();
  beforeAll(async () => {
    upstream = await wireUpstream();
    envoy = await realEnvoy(proxyBootstrap(upstream.port), { keep: true });
    for (const item of wireCases) outcomes.set(item.name, await playWire(envoy.port, upstream, item));
    if (process.env['WASME_UPDATE'] === '1') writeWire(outcomes);
  });
  afterAll(async () => {
    await envoy?.stop();
    upstream?.close();
  });

  it.each(wireCases.map(({ name }) => name))('%s', name => {
    expect(outcomes.get(name)).toEqual(readWire()[name]);
  });

  it.each(shortWireCases)('sent byte by byte: $name', async item => {
    expect(await playWire(envoy.port, upstream, item, 'byte by byte')).toEqual(readWire()[item.name]);
  });

  it.each([
    ['request header map', joinedInRequests],
    ['response header map', joinedInResponses],
    ['response trailer map', joinedInResponseTrailers],
  ] as const)('the headers that it keeps one entry of: %s', (title, names) => {
    const line = envoy.log.find(text => text.includes(`${title}:`)) ?? '';
    expect([...names].sort()).toEqual(line.replace(/^.* bytes: /, '').split(','));
  });
});

const stalls: readonly (readonly [what: string, request: string])[] = [
  ['an unfinished head', 'GET /x HTTP/1.1\r\nHos'],
  ['an unfinished body', 'POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello'],
  ['an upstream that is silent', 'GET /silent HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an upstream that stalls', 'GET /stalls HTTP/1.1\r\nHost: a\r\n\r\n'],
];

describeWith(['envoy-1.40'], 'a stream that stands still, in Envoy 1.40 and here', () => {
  it.each(stalls)('%s', async (_what, request) => {
    const upstream = closing(
      await rawUpstream(text =>
        text.includes('/stalls') ? ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'] : [],
      ),
    );
    const envoy = await realEnvoy(proxyBootstrap(upstream.port, 'stream_idle_timeout: 0.5s', 'timeout: 0s'));
    const proxy = closing(
      await startProxy({
        host: '127.0.0.1',
        port: 0,
        clusters: closing(oneCluster(upstream.port)),
        routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 0 }],
        idleTimeoutMs: 500,
      }),
    );
    const whole = (text: string): boolean => text.includes('stream timeout');
    const [theirs, ours] = await Promise.all(
      [envoy.port, proxy.port].map(port => rawRequest(port, request, whole)),
    );
    const stable = (text = ''): string =>
      text.replace(/date: [^\r]+/, 'date: D').replace(/service-time: \d+/, 'service-time: N');
    expect(stable(theirs?.text)).not.toBe('');
    expect(stable(ours?.text)).toBe(stable(theirs?.text));
  });
});
