/** HTTP messages of simulated streams: built as Envoy's codec hands them over, written part by part, and recorded. */
import { concat } from '../../wasm/writer.ts';
import { emptyBytes, utf8ByteString } from '../encoding/bytes.ts';
import { type HeaderEntry, HeaderMap } from '../http/header-map.ts';

/** A message with what ends it: its headers, an empty last chunk, or trailers. */
export interface Message {
  readonly headers: HeaderMap;
  /** Absent: a message without a body. */
  readonly chunks?: readonly Uint8Array[] | undefined;
  readonly trailers?: HeaderMap | undefined;
}

/** Copies of the parts of a message that have left the chain so far. */
export class RecordedMessage {
  headers: HeaderMap | undefined;
  trailers: HeaderMap | undefined;
  readonly chunks: Uint8Array[] = [];

  get body(): Uint8Array {
    return concat(this.chunks);
  }
}

export interface RequestTarget {
  readonly method: string;
  readonly path?: string | undefined;
  readonly authority: string;
  /** Default: `https` when `x-forwarded-proto` says so, else `http`. */
  readonly scheme?: string | undefined;
}

/** Returns the headers of a request, its pseudo-headers first. Names of `entries` are in lower case. */
export function requestHead(target: RequestTarget, entries: readonly HeaderEntry[]): HeaderMap {
  const { method, path = '/', authority, scheme } = target;
  const forwarded = entries.find(([name]) => name === 'x-forwarded-proto')?.[1].toLowerCase();
  return new HeaderMap([
    [':authority', utf8ByteString(authority)],
    [':path', utf8ByteString(path)],
    [':method', method],
    [':scheme', scheme ?? (forwarded === 'https' ? 'https' : 'http')],
    ...entries,
  ]);
}

/** Receives the parts of a message. */
export interface MessageWriter {
  headers(headers: HeaderMap, end: boolean): void;
  data(data: Uint8Array, end: boolean): void;
  trailers(trailers: HeaderMap): void;
}

/** Returns the steps that write a message, as HTTP/1 delivers it: the end of a body is an empty chunk of its own, or the trailers. */
export function messageSteps({ headers, chunks, trailers }: Message, writer: MessageWriter): (() => void)[] {
  if (chunks === undefined && trailers === undefined) return [() => writer.headers(headers, true)];
  return [
    () => writer.headers(headers, false),
    ...(chunks ?? []).filter(chunk => chunk.length > 0).map(chunk => () => writer.data(chunk, false)),
    () => (trailers === undefined ? writer.data(emptyBytes, true) : writer.trailers(trailers)),
  ];
}
