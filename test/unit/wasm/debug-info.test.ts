/** DWARF goes, everything else stays byte for byte, and the pointer is where debuggers read it. */
import { describe, expect, it } from 'vitest';
import { splitDebugInfo } from '../../../src/wasm/debug-info.ts';
import { parseModule } from '../../../src/wasm/module.ts';
import { guest } from '../../helpers/guests/guests.ts';

function custom(name: string, ...content: number[]): number[] {
  const body = [name.length, ...Buffer.from(name), ...content];
  return [0, body.length, ...body];
}

const plain = guest('minimal');
const withDwarf = Uint8Array.from([
  ...plain,
  ...custom('.debug_info', 1, 2, 3),
  ...custom('producers', 0),
  ...custom('.debug_line', 4),
]);

describe('splitDebugInfo', () => {
  it('does not change a module without DWARF', () => {
    expect(splitDebugInfo(plain, 'f.debug.wasm')).toBeUndefined();
  });

  it('moves DWARF to a file and points to it', () => {
    const split = splitDebugInfo(withDwarf, 'f.debug.wasm');
    expect(split?.debug).toBe(withDwarf);
    const pointer = custom('external_debug_info', 12, ...Buffer.from('f.debug.wasm'));
    expect(split?.module).toEqual(Uint8Array.from([...plain, ...custom('producers', 0), ...pointer]));
  });

  it('replaces an existing pointer, and encodes a long name', () => {
    const name = `${'x'.repeat(200)}.debug.wasm`;
    const before = Uint8Array.from([...withDwarf, ...custom('external_debug_info', 1, 0x61)]);
    const { customSections } = parseModule(splitDebugInfo(before, name)?.module ?? plain);
    const pointers = customSections.filter(one => one.name === 'external_debug_info');
    expect(pointers).toHaveLength(1);
    expect([...(pointers[0]?.bytes ?? [])].slice(0, 2)).toEqual([211 - 128 + 128, 1]);
    expect(
      Buffer.from(pointers[0]?.bytes ?? [])
        .subarray(2)
        .toString(),
    ).toBe(name);
  });

  it('refuses a truncated module', () => {
    expect(() => splitDebugInfo(withDwarf.subarray(0, withDwarf.length - 1), 'f')).toThrow('corrupted');
  });
});
