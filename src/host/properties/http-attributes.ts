/**
 * The attributes `request.*` and `response.*`. Header attributes come from the map that the filter can read, the others
 * from the stream's facts.
 */
import { int64, toByteString, uint32 } from '../encoding/bytes.ts';
import type { Context, PropertyValue } from '../vm/context.ts';
import type { HeaderEntry, HeaderMap } from '../http/header-map.ts';
import { grpcStatusOf, lowerCase } from '../http/header-rules.ts';
import { encodePairs } from '../encoding/pairs.ts';
import { MapType } from '../status.ts';
import type { ByteString, StreamInfo } from '../types.ts';

type Answer = PropertyValue | undefined;

const requestHeaders: ReadonlyMap<ByteString, string> = new Map(
  Object.entries({
    path: ':path',
    host: ':authority',
    scheme: ':scheme',
    method: ':method',
    referer: 'referer',
    id: 'x-request-id',
    useragent: 'user-agent',
  }),
);

export function requestAttribute(context: Context, info: StreamInfo, name: ByteString): Answer {
  const headers = context.headersFor(MapType.RequestHeaders);
  const plain = requestHeaders.get(name);
  if (plain !== undefined) return headers?.get(plain);
  switch (name) {
    case 'url_path':
      return headers?.get(':path')?.split('?', 1)[0];
    case 'query':
      return headers && queryOf(headers.get(':path'));
    case 'protocol':
      return info.protocol;
    case 'time':
      return int64(info.startTimeNs);
    case 'duration':
      return info.endTimeNs === undefined ? undefined : int64(info.endTimeNs - info.startTimeNs);
    case 'size':
      return requestSize(headers, info);
    case 'total_size':
      return int64(info.bytesReceived + (headers?.byteSize() ?? 0));
    default:
      return headerAttribute(headers, 'headers', name);
  }
}

export function responseAttribute(context: Context, info: StreamInfo, name: ByteString): Answer {
  const headers = context.headersFor(MapType.ResponseHeaders);
  const trailers = context.headersFor(MapType.ResponseTrailers);
  switch (name) {
    case 'code':
      return info.responseCode === undefined ? undefined : int64(info.responseCode);
    case 'code_details':
      return info.responseCodeDetails;
    case 'flags':
      return int64(info.responseFlags);
    case 'grpc_status': {
      const status = grpcStatus(headers, trailers, info);
      return status === undefined ? undefined : int64(status);
    }
    case 'size':
      return int64(info.bytesSent);
    case 'total_size':
      return int64(info.bytesSent + (headers?.byteSize() ?? 0) + (trailers?.byteSize() ?? 0));
    case 'backend_latency': {
      const { upstreamFirstByteSentNs: sent, upstreamLastByteReceivedNs: received } = info;
      return sent === undefined || received === undefined ? undefined : int64(received - sent);
    }
    default:
      return headerAttribute(headers, 'headers', name) ?? headerAttribute(trailers, 'trailers', name);
  }
}

/** Returns each name once, at its first position, with its values joined. */
function joined(map: HeaderMap): HeaderEntry[] {
  const values = new Map<ByteString, ByteString>();
  for (const [name, value] of map.entries) {
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return [...values];
}

/**
 * Returns all headers as pairs for `headers`, the joined values of x for `headers.x`. An empty or unavailable map is a
 * count of 0.
 */
function headerAttribute(map: HeaderMap | undefined, group: string, name: ByteString): Answer {
  if (name === group) return map && map.size > 0 ? toByteString(encodePairs(joined(map))) : uint32(0);
  if (!name.startsWith(`${group}\0`) || map === undefined) return undefined;
  const key = lowerCase(name.slice(group.length + 1));
  const values = map.getAll(key === 'host' && map.has(':authority') ? ':authority' : key);
  return values.length === 0 ? undefined : values.join(',');
}

function queryOf(path: string | undefined): string {
  const start = path?.indexOf('?') ?? -1;
  if (path === undefined || start < 0) return '';
  const end = path.indexOf('#', start);
  return path.slice(start + 1, end < 0 ? undefined : end);
}

/** Returns the content-length when it is a number, else the bytes received so far. */
function requestSize(headers: HeaderMap | undefined, info: StreamInfo): Answer {
  const length = headers?.get('content-length');
  if (length === undefined) return int64(info.bytesReceived);
  return /^\d{1,18}$/.test(length) ? int64(BigInt(length)) : undefined;
}

/** Returns the gRPC status from trailers, headers, or the HTTP status, once there is one. */
function grpcStatus(
  headers: HeaderMap | undefined,
  trailers: HeaderMap | undefined,
  info: StreamInfo,
): number | undefined {
  const given = trailers?.get('grpc-status') ?? headers?.get('grpc-status');
  if (given !== undefined && /^\d{1,9}$/.test(given)) return Number(given);
  return info.responseCode === undefined ? undefined : grpcStatusOf(info.responseCode);
}
