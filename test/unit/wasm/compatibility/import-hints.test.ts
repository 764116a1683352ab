/** Imports that no host has: the finding names the tool that brought them. */
import { expect, it } from 'vitest';
import { moduleFindings } from '../../../../src/wasm/compatibility/module-findings.ts';
import { parseModule } from '../../../../src/wasm/module.ts';
import { compileWat } from '../../../helpers/guests/guests.ts';
import { filterText } from '../../../helpers/guests/images.ts';

it.each([
  ['wbg', '__wbindgen_throw', 'wasm-bindgen'],
  ['__wbindgen_placeholder__', '__wbindgen_describe', 'wasm-bindgen'],
  ['gojs', 'runtime.wasmExit', 'GOOS=wasip1'],
  ['wasi', 'thread-spawn', 'without them'],
  ['wasi:cli/environment@0.2.0', 'get-environment', 'components'],
  ['env', 'abort', 'abort_proc_exit'],
  ['env', 'seed', 'Math.random'],
  ['env', 'console.log', "SDK's log()"],
  ['env', 'Date.now', "SDK's function"],
  ['env', 'emscripten_memcpy_js', 'STANDALONE_WASM'],
  ['env', 'proxy_from_the_future', 'vendor extension'],
  ['env', 'undefined_symbol', 'link time'],
  ['elsewhere', 'f', 'hosts know the import modules env'],
])('the finding about the import %s.%s says how to avoid it', (module, name, says) => {
  const bytes = compileWat(filterText(`(import "${module}" "${name}" (func))`));
  expect(moduleFindings(parseModule(bytes))).toMatchObject([
    {
      message: `Failed to load Wasm module due to a missing import: ${module}.${name}`,
      repair: expect.stringContaining(says) as string,
    },
  ]);
});
