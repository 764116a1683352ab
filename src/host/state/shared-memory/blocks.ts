/**
 * Blocks of shared memory: given out and taken back inside the lock. Sizes go up by a quarter or less; a block that was
 * given back serves its own size again and is never joined with others, so that every step is a few journalled words.
 */
import type { ByteString } from '../../types.ts';
import { freeWord, type SharedMemory } from './memory.ts';

/** Sizes: 8, 10, 12, 14, 16, 20 … words, up to all of the memory. */
const sizeClasses = 96;

const endWord = freeWord;
const freeListsWord = endWord + 1;
/** First word behind the allocator's own. */
export const rootsWord = freeListsWord + sizeClasses;
/** Words at fixed places: what stores count and where their lists begin, then the buckets of the table. */
export const countWords = 64;
/** A power of two. Far more keys than this only make chains longer. */
export const bucketWords = 16 * 1024;

const firstBlock = (rootsWord + countWords + bucketWords + 1) & ~1;
/** In front of each block: its size class. Two words, so that blocks stay aligned to 8 bytes. */
const headerWords = 2;

/** Word index of a block of at least so many bytes, aligned to 8. Its content is whatever was there. Fails with WASM_TRAP when the memory is full. */
export function allocate(memory: SharedMemory, bytes: number): number {
  const { words } = memory;
  const sizeClass = classOf(bytes);
  const list = freeListsWord + sizeClass;
  const known = words[list] as number;
  if (known !== 0) {
    memory.put(list, words[known] as number);
    // The link is about to be overwritten by bytes that no journal knows.
    memory.put(known, 0);
    return known;
  }
  const block = ((words[endWord] as number) || firstBlock) + headerWords;
  const end = block + sizeOf(sizeClass);
  memory.reach(end);
  words[block - headerWords] = sizeClass;
  memory.put(endWord, end);
  return block;
}

/** Frees a block. */
export function release(memory: SharedMemory, block: number): void {
  const { words } = memory;
  const list = freeListsWord + (words[block - headerWords] as number);
  memory.put(block, words[list] as number);
  memory.put(list, block);
}

/** Copies bytes into a new block and returns it; returns 0 for no bytes. */
export function store(memory: SharedMemory, data: Uint8Array): number {
  if (data.length === 0) return 0;
  const block = allocate(memory, data.length);
  memory.bytes.set(data, block * 4);
  return block;
}

/** Returns a copy of a block's bytes. */
export function load(memory: SharedMemory, block: number, length: number): Uint8Array {
  return new Uint8Array(memory.bytes.subarray(block * 4, block * 4 + length));
}

export function storeText(memory: SharedMemory, word: number, text: ByteString): void {
  const { bytes } = memory;
  for (let i = 0; i < text.length; i++) bytes[word * 4 + i] = text.charCodeAt(i);
}

function sizeOf(sizeClass: number): number {
  return (4 + (sizeClass & 3)) << ((sizeClass >> 2) + 1);
}

function classOf(bytes: number): number {
  const pairs = Math.max(4, Math.ceil(bytes / 8));
  const exponent = 29 - Math.clz32(pairs);
  return exponent * 4 + Math.ceil(pairs / 2 ** exponent) - 4;
}
