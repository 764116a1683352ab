/** Files that users name where a module is expected. */
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { parseModule } from '../../../src/wasm/module.ts';

const text = (content: string): Buffer => Buffer.from(content, 'latin1');

it.each<[string, Uint8Array, string]>([
  ['an empty file', text(''), 'not a WebAssembly module but an empty file'],
  ['a module that is cut in its first eight bytes', text('\0asm\x01'), 'is cut off after 5 bytes'],
  ['gzip', gzipSync('\0asm'), 'but a gzip file'],
  ['zstd', Buffer.from('28b52ffd04', 'hex'), 'but a zstd file'],
  ['zip', text('PK\x03\x04'), 'but a zip archive'],
  ['ELF', text('\x7fELF\x02'), 'but an ELF file'],
  ['a static library', text('!<arch>\n'), 'but a static library'],
  ['tar', Buffer.concat([Buffer.alloc(257), text('ustar\0')]), 'but a tar archive'],
  [
    'a pointer of Git LFS',
    text('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
    'but a pointer of Git LFS',
  ],
  ['HTML', text('\n<!DOCTYPE html><html>'), 'but an HTML page'],
  ['WebAssembly text', text(';; filter\n(module)'), 'but WebAssembly text'],
  ['other bytes', text('root:x:0:0'), 'but something else: the first bytes are not \\0asm'],
])('%s is named in the error', (_title, bytes, says) => {
  expect(() => parseModule(bytes)).toThrow(
    expect.objectContaining({
      code: 'WASM_INVALID',
      message: expect.stringContaining(says) as string,
      hint: expect.any(String) as string,
    }) as Error,
  );
});
