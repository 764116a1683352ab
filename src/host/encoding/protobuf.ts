/** The protobuf wire format, as little of it as foreign functions and attributes need. */
import { concat } from '../../wasm/writer.ts';
import { displayText, utf8Bytes } from './bytes.ts';

/** Field number → the last value: a number for varints, bytes for everything with a length. */
export type ProtobufMessage = ReadonlyMap<number, number | Uint8Array>;

/** Parses a message; returns undefined when the bytes are not one. */
export function readMessage(bytes: Uint8Array): ProtobufMessage | undefined {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === undefined || key < 8) return undefined;
    const wire = key % 8;
    const field = Math.floor(key / 8);
    const value = wire === 0 ? varint() : undefined;
    const length = wire === 2 ? varint() : wire === 1 ? 8 : wire === 5 ? 4 : undefined;
    if (value !== undefined) fields.set(field, value);
    else if (length !== undefined && at + length <= bytes.length) {
      fields.set(field, bytes.subarray(at, at + length));
      at += length;
    } else return undefined;
  }
  return fields;
}

export function bytesField(message: ProtobufMessage, field: number): Uint8Array | undefined {
  const value = message.get(field);
  return value instanceof Uint8Array ? value : undefined;
}

export function textField(message: ProtobufMessage, field: number): string | undefined {
  const bytes = bytesField(message, field);
  return bytes && displayText(bytes);
}

/** Returns a varint field, 0 when it is absent, as proto3 defines. */
export function numberField(message: ProtobufMessage, field: number): number {
  const value = message.get(field);
  return typeof value === 'number' ? value : 0;
}

export function subMessage(message: ProtobufMessage | undefined, field: number): ProtobufMessage | undefined {
  const bytes = message && bytesField(message, field);
  return bytes && readMessage(bytes);
}

/** Encodes fields in order; empty values are left out, as proto3 defines. */
export function writeMessage(
  fields: readonly (readonly [field: number, value: string | number | Uint8Array])[],
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [field, value] of fields) {
    if (typeof value === 'number') {
      if (value !== 0) parts.push(varintBytes(field * 8), varintBytes(value));
      continue;
    }
    const bytes = typeof value === 'string' ? utf8Bytes(value) : value;
    if (bytes.length > 0) parts.push(varintBytes(field * 8 + 2), varintBytes(bytes.length), bytes);
  }
  return concat(
    parts,
    parts.reduce((total, part) => total + part.length, 0),
  );
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
