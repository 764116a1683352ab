/** The first eight bytes of a WebAssembly binary. */
import { WasmeError } from '../errors.ts';

/** Fails with WASM_INVALID when the bytes are no core module of version 1. */
export function checkMagic(bytes: Uint8Array): void {
  const hasMagic = bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
  if (!hasMagic) {
    throw new WasmeError('WASM_INVALID', 'not a WebAssembly module: the first bytes are not \\0asm', {
      hint: 'name the compiled .wasm file; text (.wat), archives and images are something else',
    });
  }
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    const component = bytes[6] === 1;
    throw new WasmeError(
      'WASM_INVALID',
      component
        ? 'this is a WebAssembly component, not a core module; Proxy-Wasm hosts load core modules only'
        : 'this WebAssembly binary is not version 1',
      {
        hint: component ? 'build for wasm32-wasip1 (preview 1) and without wasm-tools component' : undefined,
      },
    );
  }
}
