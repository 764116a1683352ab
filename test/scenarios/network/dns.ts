/** `envoy_resolve_dns` for names that no name server has to be asked for: their answer comes inside the call. */
import { buffer, call, map, saved, step } from '../../helpers/guests/probe/script.ts';
import { type Scenario, scenario } from '../../helpers/scenario/scenario.ts';

const resolve = (name: string) => call('envoy_resolve_dns', name);
const answer = call('get_buffer_bytes', buffer.callData, 0, 1000);
const ownPath = call('get_header_map_value', map.requestHeaders, ':path');

export const dnsScenarios: readonly Scenario[] = [
  ...(
    [
      ['localhost', 'localhost'],
      ['below-localhost', 'some.localhost'],
      ['address', '127.0.0.1'],
      ['address-of-version-6', '::1'],
      ['name-that-cannot-be', 'name.onion'],
      ['no-host-name', 'two words'],
    ] as const
  ).map(([id, name]) => ({
    ...scenario(`dns-${id}`, '', {
      on_request_headers: step([resolve(name), ownPath]),
      envoy_on_resolve_dns: step([answer, ownPath]),
    }),
    rows: [],
  })),
  {
    ...scenario('dns-inside-the-answer', '', {
      on_request_headers: step([resolve('127.0.0.1'), resolve('127.0.0.2')], 1),
      envoy_on_resolve_dns: [
        step([resolve('127.0.0.3'), answer]),
        step([answer, call('set_effective_context', saved('stream')), call('continue_stream', 0)]),
        step([answer]),
      ],
    }),
    rows: [],
  },
  {
    ...scenario('dns-bad-arguments', '', {
      on_request_headers: step([
        call('envoy_resolve_dns', { pointer: 0x7fffffff, size: 3 }),
        { ...resolve('127.0.0.1'), cells: [0x7fffffff] },
        resolve('127.0.0.1'),
      ]),
      envoy_on_resolve_dns: step([answer]),
    }),
    rows: [],
  },
];
