/** `connection.*`, `source.*`, `destination.*`, `upstream.*`. */
import { int64, utf8ByteString } from '../encoding/bytes.ts';
import type { PropertyValue } from '../vm/context.ts';
import type { ByteString, StreamInfo, TlsInfo } from '../types.ts';

type Answer = PropertyValue | undefined;

export function connectionAttribute(info: StreamInfo, name: ByteString): Answer {
  const { downstream } = info;
  switch (name) {
    case 'id':
      return int64(downstream.id);
    case 'mtls':
      return downstream.tls?.mtls === true ? '\x01' : '\0';
    case 'requested_server_name':
      return utf8ByteString(downstream.requestedServerName ?? '');
    default:
      return tlsAttribute(downstream.tls, name);
  }
}

export function sourceAttribute(info: StreamInfo, name: ByteString): Answer {
  return addressAttribute(info.downstream.remoteAddress, name);
}

export function destinationAttribute(info: StreamInfo, name: ByteString): Answer {
  return addressAttribute(info.downstream.localAddress, name);
}

export function upstreamAttribute(info: StreamInfo, name: ByteString): Answer {
  const { upstream } = info;
  switch (name) {
    case 'local_address':
      return upstream?.localAddress ? utf8ByteString(upstream.localAddress) : undefined;
    case 'transport_failure_reason':
      return upstream === undefined && info.upstreamTransportFailure === undefined
        ? undefined
        : utf8ByteString(info.upstreamTransportFailure ?? '');
    case 'locality':
      return upstream && '';
    case 'request_attempt_count':
      return int64(info.upstreamRequestAttempts);
    default:
      return upstream && (addressAttribute(upstream.remoteAddress, name) ?? tlsAttribute(upstream.tls, name));
  }
}

function addressAttribute(address: string, name: ByteString): Answer {
  if (name === 'address') return utf8ByteString(address);
  if (name !== 'port') return undefined;
  const port = /:(\d{1,5})$/.exec(address)?.[1];
  return port === undefined ? undefined : int64(Number(port));
}

const tlsFields: ReadonlyMap<ByteString, (tls: TlsInfo) => string> = new Map(
  Object.entries<(tls: TlsInfo) => string>({
    tls_version: tls => tls.version,
    subject_local_certificate: tls => tls.subjectLocal,
    subject_peer_certificate: tls => tls.subjectPeer,
    dns_san_local_certificate: tls => tls.dnsSanLocal,
    dns_san_peer_certificate: tls => tls.dnsSanPeer,
    uri_san_local_certificate: tls => tls.uriSanLocal,
    uri_san_peer_certificate: tls => tls.uriSanPeer,
    sha256_peer_certificate_digest: tls => tls.sha256Peer,
  }),
);

function tlsAttribute(tls: TlsInfo | undefined, name: ByteString): Answer {
  const value = tls && tlsFields.get(name)?.(tls);
  // An empty digest counts as none; the others are Ok and empty.
  if (value === undefined || (value === '' && name.startsWith('sha256'))) return undefined;
  return utf8ByteString(value);
}
