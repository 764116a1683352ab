/** Which rows of the profiles table concern which module. */
import { expect, it } from 'vitest';
import { type FilterUse, profileDifferences } from '../../../src/host/profile-differences.ts';
import { profileOf } from '../../../src/host/index.ts';
import { parseModule } from '../../../src/wasm/module.ts';
import { compileWat } from '../../helpers/guests/guests.ts';

const newest = profileOf(40);
const one = '(param i32 i32 i32) (result i32)';
const poll = '(import "wasi_snapshot_preview1" "poll_oneoff" (func (param i32 i32 i32 i32) (result i32)))';
const foreign =
  '(import "env" "proxy_call_foreign_function" (func (param i32 i32 i32 i32 i32 i32) (result i32)))';
const property = '(import "env" "proxy_get_property" (func (param i32 i32 i32 i32) (result i32)))';
const goOn = '(import "env" "proxy_continue_stream" (func (param i32) (result i32)))';
const effective = '(import "env" "proxy_set_effective_context" (func (param i32) (result i32)))';
const body = `(func (export "proxy_on_request_body") ${one} (i32.const 0))`;
const headers = `(func (export "proxy_on_response_headers") ${one} (i32.const 0))`;
const data = (text: string): string => `(data (i32.const 0) "${text}")`;

function use(imports: string, rest = '', settings: Partial<FilterUse> = {}): FilterUse {
  const bytes = compileWat(`(module ${imports} (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0)) ${rest})`);
  return { info: parseModule(bytes), bytes, ...settings };
}

it.each([
  ['polls', use(poll), 36, ['poll_oneoff fails with error 52']],
  ['buffers', use(goOn, body), 36, ['a chunk that arrives after a body was continued in its middle is lost']],
  [
    'asks for cluster_name',
    use(property, data('cluster_name')),
    32,
    ['node, cluster_name, route_name and listener_direction exist as top-level attributes'],
  ],
  [
    'asks in UTF-16',
    use(property, data('n\\00o\\00d\\00e\\00')),
    32,
    ['node, cluster_name, route_name and listener_direction exist as top-level attributes'],
  ],
  ['signs', use(foreign, data('sign')), 36, ['the foreign function sign does not exist']],
  [
    'has expressions',
    use(foreign, data('expr_create')),
    36,
    [
      'expressions know no fields in backquotes, and string() writes doubles with six digits',
      'string() of an expression takes no bool',
    ],
  ],
  [
    'sets state',
    use(foreign + effective, data('set_envoy_filter_state')),
    36,
    ['set_envoy_filter_state acts on the context of the callback'],
  ],
  [
    'looks at keep-alive',
    use('', headers + data('keep-alive')),
    36,
    ['the response header keep-alive reaches the filter'],
  ],
  [
    'reads the refusal',
    use('', data('upstream connect error')),
    36,
    ["the text of a refused upstream ends with the transport's own reason"],
  ],
  [
    'is a network filter',
    use('', '', { kind: 'network' }),
    37,
    [
      "the client sees an upstream's reset as an orderly end",
      "the upstream sees a client's reset as an orderly end",
    ],
  ],
  [
    'is reloaded',
    use('', '', { failurePolicy: 'reload' }),
    32,
    ['a filter that trapped is not started again, because failure policy "reload" does not exist'],
  ],
  [
    'stops headers alone',
    use('', '', { allowOnHeadersStopIteration: true }),
    34,
    [
      'a header callback that stops also stops the body, because allow_on_headers_stop_iteration does not exist',
    ],
  ],
] as const)('%s', (_what, module, minor, expected) => {
  expect(profileDifferences(module, newest, profileOf(minor))).toEqual(expected);
  expect(profileDifferences(module, newest, newest)).toEqual([]);
});

it('a module that meets nothing of it hears nothing', () => {
  const all = use(property + goOn, headers);
  for (let minor = 30; minor < 40; minor++)
    expect(profileDifferences(all, newest, profileOf(minor))).toEqual([]);
});

it('says that it does not load, in the words of that host', () => {
  const module = use('(import "wasi_snapshot_preview1" "fd_tell" (func (param i32 i32) (result i32)))');
  expect(profileDifferences(module, newest, profileOf(32))).toEqual([
    expect.stringMatching(/^it does not load: .*fd_tell/),
  ]);
});

it('__main_void', () => {
  const module = use(
    '',
    '(func (export "_initialize")) (func (export "__main_void") (result i32) (i32.const 0))',
  );
  expect(profileDifferences(module, newest, profileOf(38))).toEqual([
    '__main_void is not called at the start',
  ]);
});
