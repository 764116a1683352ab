/** The recipe "A host function", followed for a function that writes the id of the current context. */
import { type Recipe, behind, file, instead } from './step.ts';

const name = 'proxy_get_context_id';

export const hostFunction: Recipe = {
  title: 'A host function',
  name,
  tests: [
    'unit/wasm/functions',
    'unit/host/imports',
    'unit/host/vm/memory',
    'unit/host/loading',
    'host-docs',
  ],
  steps: [
    {
      path: 'src/wasm/functions.ts',
      edit: behind("'proxy_set_effective_context'", `  define(['0.2.1'], '${name}', '', 'context:u32'),`),
      reportedBy: 'more types',
      says: /src\/host\/imports\/stream\.ts.*proxy_get_context_id/,
    },
    {
      path: 'src/host/imports/stream.ts',
      edit: behind(
        'export const streamFunctions = {',
        `  ${name}(vm: Vm, cell: number): number {
    return vm.memory.setU32(cell >>> 0, vm.context.id) ? Status.Ok : Status.InvalidMemoryAccess;
  },
`,
      ),
      reportedBy: 'types',
      says: /src\/host\/imports\/index\.ts.*proxy_get_context_id/,
    },
    {
      path: 'test/unit/host/imports/context-id.test.ts',
      edit: file(`import { expect, it } from 'vitest';
import { get, openStream } from '../../../helpers/guests/test-environment.ts';
import { scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

it('${name} writes the id of the context whose callback runs', async () => {
  const seen: number[] = [];
  const { host, plugin } = await scriptedGuest({
    request_headers: (guest, id) => void seen.push(guest.call('${name}', 1024), guest.u32(1024) - id),
  });
  openStream(host, [plugin]).stream.decodeHeaders(get(), true);
  expect(seen).toEqual([0, 0]);
});
`),
      reportedBy: 'tests',
      says: /test\/unit\/host\/: .*proxy_get_context_id/,
    },
    {
      path: 'templates/cpp/sdk/proxy_wasm_externs.h',
      edit: behind('// Streams.', `PROXY_WASM_IMPORT(${name})(uint32_t *id);`),
      reportedBy: 'tests',
      says: /proxy_wasm_externs\.h lacks these functions: .*proxy_get_context_id/,
    },
    {
      path: 'templates/cpp/sdk/proxy_wasm.imports',
      edit: behind('proxy_get_configuration', name),
      reportedBy: 'tests',
      says: /proxy_wasm\.imports lacks these functions: .*proxy_get_context_id/,
    },
    {
      path: 'templates/cpp/test/fake_proxy.h',
      edit: instead(
        'WasmResult proxy_get_log_level(',
        `WasmResult ${name}(uint32_t *id) {\n  *id = 1;\n  return WasmResult::Ok;\n}\nWasmResult proxy_get_log_level(`,
      ),
      reportedBy: 'tests',
      says: /fake_proxy\.h lacks these functions: .*proxy_get_context_id/,
    },
  ],
};
