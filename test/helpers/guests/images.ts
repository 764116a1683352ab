/** Modules and metadata that image tests share. */
import { parseModule } from '../../../src/wasm/module.ts';
import { digestOf } from '../../../src/io/sha256.ts';
import type { ImageMetadata } from '../../../src/oci/packaging/formats/index.ts';
import { type TarFile, writeTar } from '../../../src/oci/packaging/tar.ts';
import { type ImageGraph, type Source, blobOf, graphSource } from '../../../src/oci/target.ts';

/** The smallest module there is: magic and version. */
export const emptyModule: Uint8Array = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** An empty component: the same magic, the other version word. */
export const component: Uint8Array = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);

/** A valid module of 40 kB that compresses, but not to nothing: the header and one custom section of a number sequence. */
export const largerModule: Uint8Array = moduleOfSize(40_000);

/** A valid module of about `size` bytes: one custom section named "pad". */
export function moduleOfSize(size: number): Uint8Array {
  const payload = Buffer.alloc(size);
  let state = 1;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    payload[at] = state >>> 28;
  }
  const content = Buffer.concat([Buffer.from([3]), Buffer.from('pad'), payload]);
  return Buffer.concat([emptyModule, Buffer.from([0]), leb128(content.length), content]);
}

function leb128(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

export const described: ImageMetadata = {
  runtime: { type: 'envoy_proxy', abiVersions: ['v0.2.1'], rootIds: ['add_header'] },
  annotations: {
    'org.opencontainers.image.version': '1.2.0',
    'org.opencontainers.image.source': 'https://git.example/team/filter',
  },
  documents: [
    { name: 'README.md', bytes: Buffer.from('# filter\n') },
    { name: 'spec.yaml', bytes: Buffer.from('apiVersion: 1.0.0\n') },
  ],
};

/** Text of the smallest filter that every host loads; `body` comes first in it. */
export function filterText(body = '', marker = 'proxy_abi_version_0_2_1'): string {
  return `(module ${body} (memory (export "memory") 2) (func (export "${marker}"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0)))`;
}

/** A tar as wasme writes it, in one piece. */
export function tarOf(files: readonly TarFile[]): Buffer {
  return Buffer.concat(writeTar(files));
}

export interface ForeignEntry {
  readonly path: string;
  readonly bytes?: Uint8Array;
  /** `2` symbolic link, `1` hard link, `3` device, `5` folder; default a regular file. */
  readonly type?: string;
  readonly link?: string;
  /** Declared size, when it is to lie. */
  readonly size?: number;
}

/** A tar as any program might write it: paths, links and devices included. */
export function foreignTar(entries: readonly ForeignEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, bytes = new Uint8Array(0), type = '0', link = '', size = bytes.length } of entries) {
    const head = Buffer.alloc(512);
    head.write(path, 0);
    head.write('0000777\0', 100);
    head.write('0000000\0', 108);
    head.write('0000000\0', 116);
    head.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    head.write('00000000000\0', 136);
    head.write(' '.repeat(8), 148);
    head.write(type, 156);
    head.write(link, 157);
    head.write('ustar\x0000', 257);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    blocks.push(head, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** Manifests in memory, the first one under every name, over the blobs of an image. */
export function memorySource(manifests: readonly Uint8Array[], image: ImageGraph): Source {
  const blobs = graphSource(image);
  const known = new Map(manifests.map(bytes => [digestOf(bytes), bytes]));
  return {
    label: 'memory',
    resolve: () => {
      const [first = new Uint8Array(0)] = manifests;
      const { mediaType } = JSON.parse(Buffer.from(first).toString()) as { mediaType: string };
      return Promise.resolve({ mediaType, digest: digestOf(first), size: first.length });
    },
    fetch: descriptor => {
      const bytes = known.get(descriptor.digest);
      return bytes === undefined ? blobs.fetch(descriptor) : blobOf('', bytes).open();
    },
  };
}

/** A zstd frame that holds the bytes as they are (RFC 8878): no library for it comes with Node 20. */
export function zstdStored(bytes: Uint8Array): Buffer {
  const blockBytes = 128 * 1024;
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  // Magic number; a descriptor for "one segment, four bytes of size".
  const parts: Uint8Array[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const isLast = at + blockBytes >= bytes.length;
    const header = Buffer.alloc(4);
    header.writeUInt32LE((block.length << 3) | (isLast ? 1 : 0));
    parts.push(header.subarray(0, 3), block);
  }
  return Buffer.concat(parts);
}

/** The module with a name section that announces nine names and ends, instead of its own, which is the last section. */
export function withCutNames(module: Uint8Array): Uint8Array {
  const names = parseModule(module).sections.find(({ name }) => name === 'name');
  const headerBytes = 2;
  const rest = module.subarray(0, names === undefined ? module.length : names.start - headerBytes);
  return Buffer.concat([rest, Buffer.from('0009046e616d6501c80109', 'hex')]);
}
