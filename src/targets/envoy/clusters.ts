/** URLs → Envoy clusters: DNS or fixed address, TLS with the host checked, HTTP/2 where the URL says so. */
import { isIP } from 'node:net';
import type { Endpoint } from '../../io/http/endpoint.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';
import { type EnvoyVersion, hasFeature } from './versions.ts';

/** Path of the public certificate authorities on most Linux systems and in the official Envoy image. */
const defaultCaFile = '/etc/ssl/certs/ca-certificates.crt';

export interface EnvoyClusterOptions {
  readonly version: EnvoyVersion;
  readonly caFile?: string | undefined;
  /** Also those of HTTP/1.1. */
  readonly trailers?: boolean | undefined;
}

/** One cluster with one endpoint. */
export function cluster(
  name: string,
  endpoint: Endpoint,
  { version, caFile = defaultCaFile, trailers = false }: EnvoyClusterOptions,
): AnnotatedDocument {
  return {
    name,
    ...lookup(endpoint, version),
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: {
                address: { socket_address: { address: endpoint.host, port_value: endpoint.port } },
              },
            },
          ],
        },
      ],
    },
    typed_extension_protocol_options: endpoint.http2
      ? protocolOptions({ http2_protocol_options: {} })
      : trailers
        ? protocolOptions({ http_protocol_options: { enable_trailers: true } })
        : undefined,
    transport_socket: endpoint.tls ? tlsSocket(endpoint.host, caFile) : undefined,
  };
}

/** Left alone, Envoy takes the IPv6 address of a name that has both, also where nothing is to be reached by it. */
function lookup({ host }: Endpoint, version: EnvoyVersion): { readonly [key: string]: AnnotatedDocument } {
  if (isIP(host) !== 0) return { type: withReason('STATIC', 'the address needs no DNS') };
  const families = hasFeature(version, 'dnsFamilies');
  if (families && /(^|\.)localhost$/i.test(host)) {
    return {
      type: withReason('LOGICAL_DNS', 'both addresses of the name are tried'),
      dns_lookup_family: withReason('ALL', 'a program may listen on 127.0.0.1, on ::1, or on both'),
    };
  }
  return {
    type: withReason('STRICT_DNS', 'the name is looked up again and again'),
    dns_lookup_family: families
      ? withReason(
          'V4_PREFERRED',
          'names often have IPv6 addresses that the network of the proxy does not reach',
        )
      : undefined,
  };
}

function protocolOptions(config: AnnotatedDocument): AnnotatedDocument {
  return {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: config,
    },
  };
}

function tlsSocket(host: string, caFile: string): AnnotatedDocument {
  const address = isIP(host) !== 0;
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: address ? undefined : host,
      common_tls_context: {
        validation_context: {
          trusted_ca: {
            filename: withReason(caFile, 'without it Envoy accepts any certificate (--ca-file)'),
          },
          match_typed_subject_alt_names: withReason(
            [{ san_type: address ? 'IP_ADDRESS' : 'DNS', matcher: { exact: host } }],
            'the certificate must be for this host',
          ),
        },
      },
    },
  };
}
