import { expect, it } from 'vitest';
import { guest } from '../../../helpers/guests/guests.ts';
import { bytes, get, headersOf, newHost, openStream } from '../../../helpers/guests/test-environment.ts';

it('a header filter changes both directions', async () => {
  const { host } = newHost();
  const plugin = await host.loadPlugin(guest('header'), { name: 'header' });
  const { stream, sink } = openStream(host, [plugin]);
  stream.decodeHeaders(get('/a'), true);
  stream.encodeHeaders(headersOf({ ':status': '200' }), false);
  stream.encodeData(bytes('hi'), true);
  stream.complete();
  expect(sink.events).toEqual([
    'route cache cleared',
    'request headers :authority=example.test :path=/a :method=GET :scheme=http x-guest=hello end',
    'response headers :status=200 x-guest=hello',
    'response body hi end',
  ]);
});
