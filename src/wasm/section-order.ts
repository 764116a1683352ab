/** Checks the order of a module's sections, which V8 does when it compiles: https://webassembly.github.io/spec/core/binary/modules.html */
import { WasmeError } from '../errors.ts';

/** Ids of sections as they must follow each other; custom sections (0) may be anywhere. */
const order: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Fails with WASM_INVALID, in Envoy's words, for a section that comes twice or after a later one. */
export function checkSectionOrder(sections: readonly { readonly id: number; readonly name: string }[]): void {
  let last: { readonly id: number; readonly name: string } | undefined;
  for (const section of sections) {
    if (section.id === 0) continue;
    if (last !== undefined && order.indexOf(section.id) <= order.indexOf(last.id)) {
      const fault = section.id === last.id ? 'comes twice' : `comes after the ${last.name} section`;
      throw new WasmeError(
        'WASM_INVALID',
        `Failed to load Wasm bytecode: the ${section.name} section ${fault}`,
        {
          hint: 'the tool that wrote or changed the module last has a fault: build the module again without it',
        },
      );
    }
    last = section;
  }
}
