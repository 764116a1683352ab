/** Messages of a suite file → what the filter chain takes, and back to text for comparing. */
import { displayText, utf8ByteString } from '../host/encoding/bytes.ts';
import type { HeaderEntry, HeaderMap } from '../host/http/header-map.ts';
import { concat } from '../wasm/writer.ts';
import type { ObservedMessage } from './outcome.ts';

/** How `--matrix` cuts bodies: as the suite says, in halves, byte by byte. */
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

/** Chunks in order; none for an empty body. */
export function bodyChunks({ body, chunks }: Body, cut: Chunking): Uint8Array[] {
  const encoder = new TextEncoder();
  const given = (chunks ?? (body === undefined || body === '' ? [] : [body])).map(text =>
    encoder.encode(text),
  );
  if (cut === 'whole') return given;
  return given.flatMap(chunk => {
    const size = cut === 'bytes' ? 1 : Math.max(1, Math.ceil(chunk.length / 2));
    const count = Math.ceil(chunk.length / size);
    return Array.from({ length: count }, (_, index) => chunk.slice(index * size, (index + 1) * size));
  });
}

/** What passed by, as text. */
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
