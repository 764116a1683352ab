/** Bytes and byte strings: conversions in both directions, and numbers as the ABI encodes them. */
/**
 * A string in which every character stands for one byte (code 0–255), as HTTP/1 header values come from the wire.
 * Bytes are neither decoded nor lost, and engines store such strings one byte per character.
 */
export type ByteString = string;

export const emptyBytes = new Uint8Array(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Below this length joining characters beats the call of `apply`. */
const shortText = 6;
/** Arguments one call can take on every engine. */
const chunkSize = 8192;

/** Returns the bytes as a string, one character (0–255) a byte. */
export function toByteString(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  const length = end - start;
  if (length <= shortText) {
    let text = '';
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
    return text;
  }
  if (length <= chunkSize) return fromCodes(bytes.subarray(start, end));
  let text = '';
  for (let at = start; at < end; at += chunkSize) {
    text += fromCodes(bytes.subarray(at, Math.min(at + chunkSize, end)));
  }
  return text;
}

function fromCodes(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

export function fromByteString(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Encodes ordinary text as UTF-8. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Encodes ordinary text as UTF-8, one character a byte. ASCII text is returned unchanged. */
export function utf8ByteString(text: string): ByteString {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return toByteString(encoder.encode(text));
  }
  return text;
}

/** Decodes UTF-8 for display, with replacement characters. */
export function displayText(bytes: Uint8Array | ByteString): string {
  return decoder.decode(typeof bytes === 'string' ? fromByteString(bytes) : bytes);
}

/** Encodes a number as 8 bytes, little-endian, two's complement. */
export function int64(value: number | bigint): ByteString {
  if (typeof value === 'number' && value >= 0 && value <= 0xffffffff) {
    return (
      String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24) +
      '\0\0\0\0'
    );
  }
  let rest = BigInt.asUintN(64, BigInt(value));
  let text = '';
  for (let i = 0; i < 8; i++) {
    text += String.fromCharCode(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return text;
}

/** Encodes a number as 4 bytes, little-endian. */
export function uint32(value: number): ByteString {
  return String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
