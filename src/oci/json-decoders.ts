/**
 * Decodes JSON from outside: each reader returns the value as its type, or says where it is wrong. Written by hand, because
 * every push and pull starts with them, and loading a schema library takes longer than a small transfer.
 */

/** Returns the value as a `T`. Throws a Malformed. */
export type Reader<T> = (value: unknown) => T;

/** Says where a value is wrong, and why. Becomes a WasmeError where the file is known. */
export class Malformed extends Error {
  /** `layers.0.digest`; empty for the value itself. */
  readonly path: string;

  constructor(problem: string, path = '') {
    super(problem);
    this.path = path;
  }

  below(name: string): Malformed {
    return new Malformed(this.message, this.path === '' ? name : `${name}.${this.path}`);
  }
}

/** Reads a string that satisfies `rule`. */
export function text(rule: (value: string) => boolean = () => true, problem = ''): Reader<string> {
  return value => {
    if (typeof value !== 'string') throw new Malformed('is not a string');
    if (!rule(value)) throw new Malformed(problem);
    return value;
  };
}

/** Reads a number of bytes. */
export function byteCount(maximum: number): Reader<number> {
  return value => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed('is not a size in bytes');
    if ((value as number) > maximum) throw new Malformed(`is over the limit of ${maximum} bytes`);
    return value as number;
  };
}

/** Reads a value that may be absent; null counts as absent, because some writers print it. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return value => (value === undefined || value === null ? undefined : reader(value));
}

export function listOf<T>(reader: Reader<T>, maxItems = Number.POSITIVE_INFINITY): Reader<readonly T[]> {
  return value => {
    if (!Array.isArray(value)) throw new Malformed('is not a list');
    if (value.length > maxItems) throw new Malformed(`has more than ${maxItems} entries`);
    return value.map((item, index) => within(String(index), () => reader(item)));
  };
}

export function recordOf<T>(reader: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return value =>
    Object.fromEntries(
      Object.entries(object(value)).map(([key, item]) => [key, within(key, () => reader(item))]),
    );
}

/** Reads an object with these fields; its other fields stay unchanged. */
export function shape<T extends object>(fields: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  return value => {
    const from = object(value);
    refuseLookalikes(from, Object.keys(fields));
    const read = Object.entries<Reader<unknown>>(fields).map(
      ([name, reader]) =>
        [name, within(name, () => reader(Object.hasOwn(from, name) ? from[name] : undefined))] as const,
    );
    return {
      ...from,
      ...Object.fromEntries(read.filter(([name, item]) => item !== undefined || Object.hasOwn(from, name))),
    } as T;
  };
}

/**
 * Throws a Malformed for a name that differs from one of `names` in case only. Programs in Go (skopeo, crane, Istio) read
 * `LAYERS` as `layers`, and would see another image in the same bytes.
 */
export function refuseLookalikes(from: object, names: readonly string[]): void {
  const folded = new Map(names.map(name => [fold(name), name]));
  for (const key of Object.keys(from)) {
    const name = folded.get(fold(key));
    if (name !== undefined && name !== key) throw new Malformed(`is another spelling of ${name}`, key);
  }
}

/** Folds case as Go does: the long s and the Kelvin sign become letters of ASCII. */
function fold(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function within<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw error instanceof Malformed ? error.below(name) : error;
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Malformed('is not an object');
  }
  return value as Readonly<Record<string, unknown>>;
}
