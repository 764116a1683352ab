/** Messages of a suite file → what the filter chain takes, and back to text for comparing. */
import { displayText, utf8ByteString } from '../host/encoding/bytes.ts';
import type { HeaderEntry, HeaderMap } from '../host/http/header-map.ts';
import { concat } from '../wasm/writer.ts';
import type { ObservedMessage } from './outcome.ts';

/** The ways in which `--matrix` cuts bodies. `chunks` of a suite are meant as they are and never cut. */
export const chunkings = ['whole', 'halves', 'bytes'] as const;
export type Chunking = (typeof chunkings)[number];

type Headers = Readonly<Record<string, string | readonly string[]>> | undefined;

/** Names in lower case; values as UTF-8 byte strings. */
export function headerEntries(headers: Headers): HeaderEntry[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map(
      (text): HeaderEntry => [name.toLowerCase(), utf8ByteString(text)],
    ),
  );
}

interface Body {
  readonly body?: string | undefined;
  readonly chunks?: readonly string[] | undefined;
}

/** Returns the chunks in order; none for an empty body. */
export function bodyChunks({ body = '', chunks }: Body, cut: Chunking): Uint8Array[] {
  const encoder = new TextEncoder();
  if (chunks !== undefined) return chunks.map(text => encoder.encode(text));
  const whole = encoder.encode(body);
  if (whole.length === 0) return [];
  const size = { whole: whole.length, halves: Math.ceil(whole.length / 2), bytes: 1 }[cut];
  const count = Math.ceil(whole.length / size);
  return Array.from({ length: count }, (_, index) => whole.slice(index * size, (index + 1) * size));
}

/** Returns a message as text. */
export function observed(
  headers: HeaderMap,
  chunks: readonly Uint8Array[],
  trailers: HeaderMap | undefined,
): ObservedMessage {
  const bytes = concat(chunks);
  return {
    headers: grouped(headers),
    body: displayText(bytes),
    bodyBytes: bytes.length,
    trailers: grouped(trailers),
  };
}

function grouped(headers: HeaderMap | undefined): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>();
  for (const [name, value] of headers?.entries ?? []) {
    const values = map.get(name) ?? [];
    values.push(displayText(value));
    map.set(name, values);
  }
  return map;
}
