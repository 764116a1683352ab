import { expect, it } from 'vitest';
import { demangle } from '../../../src/wasm/demangle.ts';
import { capMemory } from '../../../src/wasm/memory-cap.ts';
import { parseModule } from '../../../src/wasm/module.ts';
import { functionNames } from '../../../src/wasm/names.ts';
import { compileWat } from '../../helpers/guests/guests.ts';

it.each([
  ['_ZN4core9panicking5panic17h0123456789abcdefE', 'core::panicking::panic'],
  ['_ZN38_$LT$T$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE', '<T as core::fmt::Debug>::fmt'],
  ['_ZN4RootC2Ev', 'Root::Root'],
  ['_ZNSt6vectorE', 'std::vector'],
  ['_RNvCs1234_7mycrate3foo', 'mycrate::foo'],
  ['_Z3addii', 'add'],
  ['proxy_on_log', 'proxy_on_log'],
  ['_ZN999999999999', '_ZN999999999999'],
])('%s is %s', (mangled, plain) => {
  expect(demangle(mangled)).toBe(plain);
});

it('function names count imports first', () => {
  const code = compileWat(
    '(module (import "env" "f" (func $imported)) (func $own (call $imported)) (export "x" (func $own)))',
  );
  expect([...functionNames(parseModule(code))]).toEqual([
    [0, 'imported'],
    [1, 'own'],
  ]);
});

it('a memory without a maximum gets one, a smaller one is left alone', () => {
  const capped = (text: string) => {
    const code = compileWat(text);
    const bytes = capMemory(code, parseModule(code), 100);
    return { same: bytes === code, limits: parseModule(bytes).memories[0] };
  };
  expect(capped('(module (memory 1) (func (export "f")))')).toEqual({
    same: false,
    limits: { min: 1, max: 100, shared: false },
  });
  expect(capped('(module (memory 1 7))')).toEqual({ same: true, limits: { min: 1, max: 7, shared: false } });
});
