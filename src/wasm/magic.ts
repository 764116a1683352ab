/** The first eight bytes of a WebAssembly binary. */
import { WasmeError } from '../errors.ts';
import { describeFile } from './file-kind.ts';

/** The four bytes that every module and component starts with. Istio checks them and nothing more. */
export function isWasm(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}

/** `module`: core Wasm, version 1. `component`: the component model, which no proxy runs. */
export function wasmKind(bytes: Uint8Array): 'module' | 'component' | 'other' {
  if (!isWasm(bytes) || bytes.length < 8) return 'other';
  if (bytes[4] === 1 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0) return 'module';
  return bytes[6] === 1 && bytes[7] === 0 ? 'component' : 'other';
}

/** Fails with WASM_INVALID, which says what the bytes are, unless they start a core module of version 1. */
export function checkMagic(bytes: Uint8Array): void {
  if (!isWasm(bytes)) {
    const { what, hint } = describeFile(bytes);
    throw new WasmeError('WASM_INVALID', `not a WebAssembly module but ${what}`, { hint });
  }
  const kind = wasmKind(bytes);
  if (kind === 'component') {
    throw new WasmeError(
      'WASM_INVALID',
      'this is a WebAssembly component, not a core module; Proxy-Wasm hosts load core modules only',
      { hint: 'build for wasm32-wasip1 (preview 1) and without wasm-tools component' },
    );
  }
  if (kind === 'other' && bytes.length < 8) {
    throw new WasmeError('WASM_INVALID', `this WebAssembly module is cut off after ${bytes.length} bytes`, {
      hint: 'build or download it again',
    });
  }
  if (kind === 'other') throw new WasmeError('WASM_INVALID', 'this WebAssembly binary is not version 1');
}
