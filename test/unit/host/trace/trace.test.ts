import { expect, it } from 'vitest';
import type { TraceEvent } from '../../../../src/host/index.ts';
import { get, openStream } from '../../../helpers/guests/test-environment.ts';
import { scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

/** One line an event, without durations. */
function line(event: TraceEvent): string {
  if (event.kind === 'call') {
    const why = event.explanation === undefined ? '' : ` (${event.explanation})`;
    return `${event.name} ${event.arguments} = ${event.status} ${event.results}${why}`.trim();
  }
  return event.kind === 'begin'
    ? `> ${event.name} ${event.arguments}`
    : `< ${event.name} ${event.result ?? ''}`;
}

it('callbacks and host calls, decoded; what is not Ok says why', async () => {
  const lines: string[] = [];
  const { host, plugin } = await scriptedGuest(
    {
      request_headers: guest => {
        guest.header(0, ':path');
        guest.header(2, ':status');
        guest.httpCall('nobody', { ':method': 'GET', ':path': '/', ':authority': 'a' });
        guest.setPairs(0, get('/x').entries);
        return 1;
      },
    },
    { onTrace: event => void lines.push(line(event)) },
  );
  lines.length = 0;
  openStream(host, [plugin]).stream.decodeHeaders(get('/p'), true);
  const shown = lines.filter(text => !text.includes('puppet') && !text.includes('foreign'));
  expect(shown).toEqual([
    '> proxy_on_context_create context=2 parent=1',
    '< proxy_on_context_create 0',
    '> proxy_on_request_headers context=2 count=4 end_of_stream=1',
    'proxy_get_header_map_value map=request headers key=":path" = Ok value="/p"',
    expect.stringContaining(
      'proxy_get_header_map_value map=response headers key=":status" = BadArgument  (the response headers are not available',
    ),
    'proxy_http_call upstream="nobody" headers={:method: GET, :path: /, :authority: a} body="" trailers={} timeout_ms=1000 = BadArgument  (unknown cluster nobody)',
    'proxy_set_header_map_pairs map=request headers pairs={:authority: example.test, :path: /x, :method: GET, :scheme: http} = Ok',
    '< proxy_on_request_headers 1',
  ]);
});
