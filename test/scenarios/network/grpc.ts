/** gRPC calls from a network filter that holds its connection until the answer is there (rows X15–X19 of docs/host.md). */
import {
  type Op,
  type Pairs,
  buffer,
  call,
  keep,
  map,
  saved,
  step,
} from '../../helpers/guests/probe/script.ts';
import { type NetworkScenario, network } from '../../helpers/scenario/network.ts';

const unary = (cluster = 'grpc', timeoutMs = 1000, metadata: Pairs = []) =>
  keep('call', call('grpc_call', cluster, 'test.Probe', 'Ask', metadata, 'question', timeoutMs));
const stream = (cluster = 'grpc', metadata: Pairs = []) =>
  keep('call', call('grpc_stream', cluster, 'test.Probe', 'Talk', metadata));
const say = (text: string, end = 0) => call('grpc_send', saved('call'), text, end);
const message = call('get_buffer_bytes', buffer.grpc, 0, 100);
const outcome = call('get_status');

const asking = (
  id: string,
  rows: string,
  first: readonly Op[],
  grpc: NetworkScenario['grpc'],
  callbacks: Parameters<typeof network>[2] = {},
): NetworkScenario =>
  network(
    id,
    rows,
    {
      on_new_connection: step(first),
      on_grpc_receive_initial_metadata: step([
        call('get_header_map_value', map.grpcInitial, 'x-first'),
        call('get_header_map_value', map.grpcInitial, 'content-type'),
      ]),
      on_grpc_receive: step([message, outcome]),
      on_grpc_receive_trailing_metadata: step([
        call('get_header_map_value', map.grpcTrailing, 'x-last'),
        call('get_header_map_value', map.grpcTrailing, 'grpc-status'),
      ]),
      on_grpc_close: step([outcome]),
      ...callbacks,
    },
    { clients: [[{ wait: 500 }, 'fin']], upstream: [], ...(grpc && { grpc }) },
  );

/** Bytes that no header carries as they are. */
const bytes = 'a\x01\n\0b';
const ownNames: Pairs = [
  ['content-type', 'v'],
  ['grpc-timeout', '5S'],
  [':scheme', 'https'],
  ['accept', '1'],
  ['accept', '2'],
  ['x-n', '1'],
  ['x-n', '2'],
  ['', 'v'],
];

/** Metadata that gRPC writes otherwise, or not at all. */
const metadataScenarios: readonly NetworkScenario[] = [
  asking(
    'grpc-metadata-binary',
    'X16',
    [
      unary('grpc', 1000, [
        ['x-bin', bytes],
        ['X-BIN', 'second'],
      ]),
    ],
    {
      grpc: { messages: ['reply'] },
    },
  ),
  asking('grpc-metadata-binary-stream', 'X17', [stream('grpc', [['x-bin', bytes]]), say('one', 1)], {
    grpc: { messages: ['a'] },
  }),
  asking('grpc-metadata-value-line-feed', 'X16', [unary('grpc', 1000, [['x-n', 'a\nb']])], { grpc: {} }),
  asking('grpc-metadata-value-x01', 'X17', [stream('grpc', [['x-n', 'a\x01b']]), say('one', 1)], {
    grpc: {},
  }),
  asking('grpc-metadata-name', 'X17', [stream('grpc', [['x\ny', 'v']]), say('one', 1)], { grpc: {} }),
  asking('grpc-method-line-feed', 'X16', [call('grpc_call', 'grpc', 'test.Probe', 'A\nsk', [], 'x', 1000)], {
    grpc: {},
  }),
  asking('grpc-metadata-of-its-own', 'X16', [unary('grpc', 1000, ownNames)], {
    grpc: { messages: ['reply'] },
  }),
  asking('grpc-metadata-connection', 'X16', [unary('grpc', 1000, [['connection', 'close']])], { grpc: {} }),
  asking('grpc-unary-no-time', 'X16', [unary('grpc', 0)], { grpc: { messages: ['late'], delayMs: 100 } }),
];

export const grpcScenarios: readonly NetworkScenario[] = [
  ...metadataScenarios,
  asking('grpc-unary', 'X16', [unary('grpc', 1000, [['x-meta', 'data']])], {
    grpc: { messages: ['reply'], initial: [['x-first', '1']], trailing: [['x-last', '2']] },
  }),
  asking('grpc-unary-empty-reply', 'X16', [unary()], { grpc: {} }),
  asking('grpc-unary-error', 'X16', [unary()], { grpc: { status: 5, details: 'no such thing, 100%' } }),
  asking(
    'grpc-unary-unknown-method',
    'X16',
    [call('grpc_call', 'grpc', 'test.Probe', 'Nothing', [], 'x', 1000)],
    {
      grpc: {},
    },
  ),
  asking('grpc-unary-timeout', 'X16', [unary('grpc', 100)], { grpc: { silent: true } }),
  asking('grpc-unary-refused', 'X16', [unary('refused')], undefined),
  asking(
    'grpc-unary-cancelled',
    'X18',
    [unary(), call('grpc_cancel', saved('call')), call('grpc_cancel', saved('call'))],
    {
      grpc: { delayMs: 200, messages: ['late'] },
    },
  ),
  asking('grpc-unary-closed', 'X18', [unary(), say('x'), call('grpc_close', saved('call'))], {
    grpc: { delayMs: 200, messages: ['late'] },
  }),
  asking('grpc-stream', 'X17', [stream('grpc', [['x-meta', 'data']]), say('one'), say('two', 1)], {
    grpc: { messages: ['a', 'b'], initial: [['x-first', '1']], trailing: [['x-last', '2']] },
  }),
  asking(
    'grpc-stream-talk',
    'X17',
    [stream(), say('one')],
    { grpc: { messages: ['a'] } },
    { on_grpc_receive: step([message, say('two'), call('grpc_close', saved('call'))]) },
  ),
  asking(
    'grpc-stream-ended-by-server',
    'X17 X18',
    [stream(), say('one')],
    { grpc: { messages: ['a'], endsFirst: true } },
    {
      on_grpc_close: step([
        outcome,
        say('late'),
        call('grpc_close', saved('call')),
        call('grpc_cancel', saved('call')),
      ]),
    },
  ),
  asking('grpc-stream-error', 'X17', [stream(), say('one', 1)], {
    grpc: { status: 9, details: 'sorry', trailing: [['x-last', '2']] },
  }),
  asking(
    'grpc-stream-cancelled',
    'X18',
    [stream(), say('one')],
    { grpc: { messages: ['a', 'b'] } },
    { on_grpc_receive: step([message, call('grpc_cancel', saved('call')), say('late')]) },
  ),
  asking('grpc-stream-broken', 'X17', [stream(), say('one')], { grpc: { messages: ['a'], breaks: true } }),
  asking('grpc-stream-refused', 'X17', [stream('refused'), say('one')], undefined),
  asking(
    'grpc-stream-unknown-cluster',
    'X15',
    [call('grpc_stream', 'nowhere', 's', 'm', []), unary('nowhere')],
    undefined,
  ),
  asking(
    'grpc-holds-the-connection',
    'X16',
    [],
    { grpc: { messages: ['go'] } },
    {
      on_new_connection: step([unary()], 1),
      on_grpc_receive: step([
        message,
        call('set_effective_context', saved('stream')),
        call('continue_stream', 2),
      ]),
    },
  ),
];
