/** Names and values of headers that Envoy gives a meaning: aliases, letter case, gRPC. */
import type { HeaderMap } from './header-map.ts';
import { MapType } from '../status.ts';

/** Returns a name in lower case, and `:authority` for `host` in request headers. */
export function canonicalName(type: number, name: string): string {
  const lower = lowerCase(name);
  return lower === 'host' && type === MapType.RequestHeaders ? ':authority' : lower;
}

/** Lowers ASCII letters only, not the bytes above them. */
export function lowerCase(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x40 && code < 0x5b) return name.replace(/[A-Z]/g, letter => letter.toLowerCase());
  }
  return name;
}

/** Returns the gRPC status that gRPC defines for an HTTP status of a response that is not gRPC. */
export function grpcStatusOf(httpStatus: number): number {
  const table: Readonly<Record<number, number>> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  };
  return table[httpStatus] ?? 2;
}

/** Returns true for content type `application/grpc` and its variants, but not for gRPC-Web. */
export function isGrpc(headers: HeaderMap): boolean {
  const type = headers.get('content-type');
  return type !== undefined && /^application\/grpc($|[+; ])/.test(type);
}
