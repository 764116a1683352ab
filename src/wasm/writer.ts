/** Writes parts of a WebAssembly binary: numbers, names and sections. */

const utf8 = new TextEncoder();

/** Unsigned LEB128. */
export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return Uint8Array.from([...bytes, rest]);
}

/** Its bytes behind their number. */
export function nameBytes(name: string): Uint8Array {
  return sized(utf8.encode(name));
}

export function sectionBytes(id: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(id), sized(content)]);
}

/** Joins parts; a caller that knows the length of all of them saves a pass. */
export function concat(
  parts: readonly Uint8Array[],
  length = parts.reduce((size, part) => size + part.length, 0),
): Uint8Array {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function sized(bytes: Uint8Array): Uint8Array {
  return concat([leb128(bytes.length), bytes]);
}
