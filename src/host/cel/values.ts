/** The values of expressions, and their kinds. Text is bytes, as everywhere in the host. */
import type { ByteString } from '../encoding/bytes.ts';

/** int is a bigint, double a number, string a byte string; the rest are classes, lists are arrays. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | ByteString
  | Uint
  | Bytes
  | Timestamp
  | Duration
  | TypeName
  | CelMessage
  | ValueMap
  | readonly Value[];

/** The failure of an evaluation, which `||` and `&&` can override. */
export class Failure {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export type Result = Value | Failure;

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class Bytes {
  readonly value: ByteString;
  constructor(value: ByteString) {
    this.value = value;
  }
}

/** Nanoseconds since the epoch, without the bounds of 64 bits. */
export class Timestamp {
  readonly ns: bigint;
  constructor(ns: bigint) {
    this.ns = ns;
  }
}

export class Duration {
  readonly ns: bigint;
  constructor(ns: bigint) {
    this.ns = ns;
  }
}

export class TypeName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A protobuf message: its bytes, and those fields that the host knows. */
export class CelMessage {
  readonly type: string;
  readonly bytes: ByteString;
  /** Returns a field, undefined when the message does not have it. `set` is the result of `has`. */
  readonly field: (name: string) => { readonly value: Value; readonly set: boolean } | undefined;
  constructor(type: string, bytes: ByteString, field: CelMessage['field']) {
    this.type = type;
    this.bytes = bytes;
    this.field = field;
  }
}

export abstract class ValueMap {
  /** Returns the value of a key, undefined when it is absent. Never called with a key that `isKey` refuses. */
  abstract get(key: Value): Value | undefined;
  abstract keys(): readonly Value[];
  /** Returns false when Envoy cannot encode the map, because it does not know the keys. */
  get listed(): boolean {
    return true;
  }
}

/** Returns true for a value that can be looked up in a map. A double can be, but not as a key of a literal. */
export function isKey(value: Value): boolean {
  return (
    typeof value === 'boolean' ||
    typeof value === 'string' ||
    typeof value === 'bigint' ||
    typeof value === 'number' ||
    value instanceof Uint
  );
}

/** A map as it was written, or made from such. */
export class LiteralMap extends ValueMap {
  readonly #entries = new Map<string, readonly [key: Value, value: Value]>();

  /** Adds an entry; returns false when the key is present already. */
  add(key: Value, value: Value): boolean {
    const [name] = keyNames(key);
    if (name === undefined || this.#entries.has(name)) return false;
    this.#entries.set(name, [key, value]);
    return true;
  }

  get(key: Value): Value | undefined {
    for (const name of keyNames(key)) {
      const found = this.#entries.get(name);
      if (found) return found[1];
    }
    return undefined;
  }

  keys(): readonly Value[] {
    return Array.from(this.#entries.values(), ([key]) => key);
  }
}

/** Returns the names under which a key is found, its own one first: 1, 1u and 1.0 find each other. */
function keyNames(key: Value): readonly string[] {
  if (typeof key === 'string') return [`s${key}`];
  if (typeof key === 'boolean') return [`b${key}`];
  if (typeof key === 'bigint') return [`i${key}`, `u${key}`];
  if (key instanceof Uint) return [`u${key.value}`, `i${key.value}`];
  return Number.isInteger(key) ? [`i${BigInt(key as number)}`, `u${BigInt(key as number)}`] : [];
}

export function typeOf(value: Value): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
  }
  if (value instanceof Uint) return 'uint';
  if (value instanceof Bytes) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof TypeName) return 'type';
  if (value instanceof CelMessage) return value.type;
  return value instanceof ValueMap ? 'map' : 'list';
}

export function noOverload(what: string, ...values: readonly Value[]): Failure {
  return new Failure(`${what} cannot take ${values.map(typeOf).join(' and ')}`);
}
