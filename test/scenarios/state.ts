/** Shared data, queues, metrics (rows S of docs/host.md). */
import { call, http, keep, saved, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, scenario } from '../helpers/scenario/scenario.ts';

const getData = (key: string) => call('get_shared_data', key);
const setData = (key: string, value: string, cas = 0) => call('set_shared_data', key, value, cas);
const define = (type: number, name: string, as = name) => keep(as, call('define_metric', type, name));
const increment = (id: ReturnType<typeof saved> | number, by: bigint) => call('increment_metric', id, by);
const record = (id: ReturnType<typeof saved> | number, value: bigint) => call('record_metric', id, value);
const getMetric = (id: ReturnType<typeof saved> | number) => call('get_metric', id);

/** cas values count every set of the process, so only their effects are compared: results are hidden in other cells. */
const hidden = (op: ReturnType<typeof getData>) => ({ ...op, cells: [512, 516, 520] });

export const stateScenarios: readonly Scenario[] = [
  scenario(
    'data-absent',
    'S1',
    { on_request_headers: step([getData('none')]) },
    { settings: { vmId: 'data-absent' } },
  ),
  scenario(
    'data-set-get',
    'S1 S2 S4',
    {
      on_request_headers: step([
        setData('k', 'v'),
        hidden(getData('k')),
        setData('k', ''),
        hidden(getData('k')),
        setData('fresh', 'x', 7),
        setData('k', 'w', 0x7fffffff),
        setData('', 'empty key'),
        hidden(getData('')),
      ]),
    },
    { settings: { vmId: 'data-set-get' } },
  ),
  scenario(
    'data-cas',
    'S3',
    {
      on_request_headers: step([
        setData('k', 'v'),
        { ...getData('k'), cells: [512, 516, 520] },
        call('set_shared_data', 'k', 'w', 0x7ffffff0),
      ]),
    },
    { settings: { vmId: 'data-cas' } },
  ),
  {
    id: 'data-shared-by-vm-id',
    rows: ['S5', 'L27'],
    filters: [
      {
        script: { callbacks: http({ on_request_headers: step([setData('k', 'from the first')]) }) },
        vmId: 'data-shared-by-vm-id',
      },
      {
        script: {
          callbacks: http({
            on_request_headers: step([
              { ...getData('k'), cells: [512, 516, 520] },
              { peek: 516, size: 1 },
              call('resolve_shared_queue', '', 'nothing'),
            ]),
          }),
        },
        vmId: 'data-shared-by-vm-id',
      },
    ],
    requests: [{}],
  },
  {
    id: 'data-not-shared',
    rows: ['S5'],
    filters: [
      {
        script: { callbacks: http({ on_request_headers: step([setData('k', 'mine')]) }) },
        vmId: 'data-not-shared-a',
      },
      {
        script: { callbacks: http({ on_request_headers: step([getData('k')]) }) },
        vmId: 'data-not-shared-b',
      },
    ],
    requests: [{}],
  },
  scenario(
    'queue',
    'S6 S8 S9 S10',
    {
      on_request_headers: step([
        { ...call('register_shared_queue', 'q'), cells: [512] },
        { ...call('register_shared_queue', 'q'), cells: [516] },
        call('resolve_shared_queue', '', 'none'),
        call('resolve_shared_queue', 'other-vm', 'q'),
        call('dequeue_shared_queue', 999_999),
        call('enqueue_shared_queue', 999_999, 'x'),
      ]),
      on_queue_ready: step(),
    },
    { settings: { vmId: 'queue' } },
  ),
  scenario(
    'queue-items',
    'S7 S9 S10',
    {
      on_request_headers: step([
        { ...keep('q', call('register_shared_queue', 'q2')) },
        call('dequeue_shared_queue', saved('q')),
        call('enqueue_shared_queue', saved('q'), 'one'),
        call('enqueue_shared_queue', saved('q'), ''),
        call('dequeue_shared_queue', saved('q')),
        call('dequeue_shared_queue', saved('q')),
        call('dequeue_shared_queue', saved('q')),
      ]),
    },
    {
      settings: { vmId: 'queue-items' },
      ignoreLogs: { pattern: /register_shared_queue/, reason: 'tokens are counted over the whole process' },
    },
  ),
  scenario(
    'metrics',
    'S11 S12 S13 S14 S15 S16',
    {
      on_request_headers: step([
        define(0, 'sc_counter', 'c'),
        define(1, 'sc_gauge', 'g'),
        define(2, 'sc_histogram', 'h'),
        define(0, 'sc_counter', 'c2'),
        increment(saved('c'), 3n),
        increment(saved('c2'), 2n),
        increment(saved('c'), 0n),
        increment(saved('c'), -1n),
        record(saved('c'), 5n),
        record(saved('c'), 5n),
        getMetric(saved('c')),
        record(saved('g'), 5n),
        increment(saved('g'), -2n),
        increment(saved('g'), 0n),
        getMetric(saved('g')),
        increment(saved('g'), -10n),
        getMetric(saved('g')),
        record(saved('g'), 7n),
        record(saved('h'), 9n),
        increment(saved('h'), 1n),
        getMetric(saved('h')),
      ]),
    },
    { metrics: ['sc_counter', 'sc_gauge'] },
  ),
  scenario('metrics-unknown', 'S17 S18', {
    on_request_headers: step([
      ...[400, 401, 402, 403].flatMap(id => [increment(id, 1n), record(id, 1n), getMetric(id)]),
      call('define_metric', 3, 'x'),
      call('define_metric', -1, 'x'),
    ]),
  }),
  scenario(
    'metrics-named-with-dots',
    'S19',
    { on_request_headers: step([define(0, 'sc.dotted.name', 'd'), increment(saved('d'), 4n)]) },
    { metrics: ['sc.dotted.name'] },
  ),
];
