/** Recognizes files that are named where a WebAssembly module is expected. */

interface FileKind {
  readonly what: string;
  readonly hint: string;
}

/** Bytes that are looked at for texts. */
const headBytes = 512;

const binaries: readonly (FileKind & { readonly magic: readonly number[]; readonly at?: number })[] = [
  { magic: [0x1f, 0x8b], what: 'a gzip file', hint: 'unpack it first: gunzip, or tar -xzf' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], what: 'a zstd file', hint: 'unpack it first: zstd -d' },
  { magic: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive', hint: 'unpack it first: unzip' },
  {
    magic: [0x7f, 0x45, 0x4c, 0x46],
    what: 'an ELF file',
    hint: 'it is built for this kind of machine, or compiled ahead of time: build for wasm32-wasip1 and name the .wasm file',
  },
  {
    magic: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e],
    what: 'a static library (.a)',
    hint: 'link it into a module first',
  },
  {
    magic: [0x75, 0x73, 0x74, 0x61, 0x72],
    at: 257,
    what: 'a tar archive',
    hint: 'an image archive must end in .tar; unpack any other first',
  },
];

const texts: readonly (FileKind & { readonly start: RegExp })[] = [
  {
    start: /^version https:\/\/git-lfs\.github\.com\/spec\//,
    what: 'a pointer of Git LFS',
    hint: 'fetch the file itself: git lfs pull',
  },
  {
    start: /^\s*<(!doctype html|html|head|body)\b/i,
    what: 'an HTML page',
    hint: 'a download probably ended at a login or error page: download it again',
  },
  {
    start: /^\s*(;;[^\n]*\n\s*)*\(module\b/,
    what: 'WebAssembly text (.wat)',
    hint: 'compile it first: wat2wasm',
  },
];

const other: FileKind = {
  what: 'something else: the first bytes are not \\0asm',
  hint: 'name the compiled .wasm file; text (.wat), archives and images are something else',
};

/** Describes bytes that do not start as WebAssembly does. */
export function describeFile(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return { what: 'an empty file', hint: 'build or download it again' };
  const binary = binaries.find(({ magic, at = 0 }) =>
    magic.every((byte, index) => bytes[at + index] === byte),
  );
  if (binary !== undefined) return binary;
  const head = new TextDecoder().decode(bytes.subarray(0, headBytes));
  return texts.find(({ start }) => start.test(head)) ?? other;
}
