/** The request headers of a gRPC call: gRPC's own, then the metadata that the filter gave. */
import { fromByteString } from '../../host/encoding/bytes.ts';
import { type HeaderEntry, HeaderMap } from '../../host/http/header-map.ts';
import { addJoined } from '../../host/http/inline-headers.ts';
import { MapType } from '../../host/status.ts';
import type { GrpcRequest } from '../../host/types.ts';

/** Values of `-bin` metadata are base64 on the wire. */
const binary = '-bin';

export function grpcRequestHeaders({
  cluster,
  service,
  method,
  metadata,
  timeoutMs,
}: GrpcRequest): HeaderMap {
  const entries: HeaderEntry[] = [
    [':method', 'POST'],
    [':path', `/${service}/${method}`],
    [':authority', cluster],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ];
  const add = (name: string, value: string): void => addJoined(entries, MapType.RequestHeaders, name, value);
  // A unary call that was given no time asks for none, as Envoy's does.
  if (timeoutMs !== undefined) add('grpc-timeout', grpcTimeout(timeoutMs));
  for (const [name, value] of metadata.entries) {
    const canonical = name === 'host' ? ':authority' : name;
    if (name === '') continue;
    if (!name.endsWith(binary)) add(canonical, value);
    // Envoy keeps the first value of such a name.
    else if (!entries.some(([known]) => known === name)) {
      add(name, Buffer.from(fromByteString(value)).toString('base64'));
    }
  }
  const headers = new HeaderMap(entries);
  if (!headers.has(':scheme')) headers.append(':scheme', 'http');
  headers.set('x-envoy-internal', 'true');
  if (timeoutMs) headers.set('x-envoy-expected-rq-timeout-ms', String(timeoutMs));
  return headers;
}

/** The header has room for eight digits, so a time that is longer is in seconds, rounded down. */
function grpcTimeout(timeoutMs: number): string {
  const most = 99_999_999;
  if (timeoutMs <= most) return `${timeoutMs}m`;
  return `${Math.floor(timeoutMs / 1000)}S`;
}
