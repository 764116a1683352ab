/** Names in shared memory: kind and name → a few words that belong to it. Entries are made and never removed. */
import type { ByteString } from '../../types.ts';
import { allocate, bucketWords, countWords, rootsWord, storeText } from './blocks.ts';
import type { SharedMemory } from './memory.ts';

/** Single words that stores keep. */
export const roots = {
  lastCas: rootsWord,
  lastToken: rootsWord + 1,
  firstQueue: rootsWord + 2,
  firstMetric: rootsWord + 3,
  lastMetric: rootsWord + 4,
} as const;

const bucketsWord = rootsWord + countWords;

/** The kinds of names; one name may be used by each kind. */
export const kinds = { data: 1, queue: 2, metric: 3 } as const;

const nextField = 0;
const hashField = 1;
const kindField = 2;
const lengthField = 3;
/** Fields of the entry's owner; the first two are aligned to 8 bytes. */
const ownFields = 4;
const fieldCount = 6;
const nameField = ownFields + fieldCount;

/** Returns the word index of an entry's own fields, or 0. */
export function findEntry(memory: SharedMemory, kind: number, name: ByteString): number {
  const { words } = memory;
  const hash = hashOf(kind, name);
  let entry = words[bucketsWord + (hash & (bucketWords - 1))] as number;
  while (entry !== 0) {
    if (
      words[entry + hashField] === hash &&
      words[entry + kindField] === kind &&
      isNamed(memory, entry, name)
    ) {
      return entry + ownFields;
    }
    entry = words[entry + nextField] as number;
  }
  return 0;
}

/** Makes an entry whose own fields are 0. Only after `findEntry` returned 0. */
export function makeEntry(memory: SharedMemory, kind: number, name: ByteString): number {
  const { words } = memory;
  const entry = allocate(memory, nameField * 4 + name.length);
  const hash = hashOf(kind, name);
  const bucket = bucketsWord + (hash & (bucketWords - 1));
  words[entry + nextField] = words[bucket] as number;
  words[entry + hashField] = hash;
  words[entry + kindField] = kind;
  words[entry + lengthField] = name.length;
  words.fill(0, entry + ownFields, entry + nameField);
  storeText(memory, entry + nameField, name);
  memory.put(bucket, entry);
  return entry + ownFields;
}

/** Returns the name of an entry, given its own fields. */
export function nameOf(memory: SharedMemory, fields: number): ByteString {
  const entry = fields - ownFields;
  const start = (entry + nameField) * 4;
  const length = memory.words[entry + lengthField] as number;
  let name = '';
  for (let i = start; i < start + length; i++) name += String.fromCharCode(memory.bytes[i] as number);
  return name;
}

function isNamed(memory: SharedMemory, entry: number, name: ByteString): boolean {
  if (memory.words[entry + lengthField] !== name.length) return false;
  const { bytes } = memory;
  const start = (entry + nameField) * 4;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return false;
  return true;
}

/** Hashes kind and name with FNV-1a. */
function hashOf(kind: number, name: ByteString): number {
  let hash = 0x811c9dc5 ^ kind;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash | 0;
}
