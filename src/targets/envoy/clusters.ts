/** URLs → Envoy clusters: DNS or fixed address, TLS with the host checked, HTTP/2 where the URL says so. */
import { isIP } from 'node:net';
import { WasmeError } from '../../errors.ts';
import { type Tree, because } from '../tree.ts';

/** Where most Linux systems and the official Envoy image keep the public certificate authorities. */
export const defaultCaFile = '/etc/ssl/certs/ca-certificates.crt';

const schemes = {
  'http:': { tls: false, http2: false, port: 80 },
  'https:': { tls: true, http2: false, port: 443 },
  'h2c:': { tls: false, http2: true, port: 80 },
  'h2:': { tls: true, http2: true, port: 443 },
  'grpc:': { tls: false, http2: true, port: 80 },
  'grpcs:': { tls: true, http2: true, port: 443 },
  'tcp:': { tls: false, http2: false, port: 0 },
} as const;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly http2: boolean;
}

/** `http://host:port`, `https://`, `h2c://`, `h2://`, `grpc://`, `grpcs://`, `tcp://host:port` or `host:port`. Fails with USAGE. */
export function parseEndpoint(text: string): Endpoint {
  const url = URL.parse(/^[a-z][a-z0-9+]*:\/\//i.test(text) ? text : `http://${text}`);
  const scheme = url === null ? undefined : schemes[url.protocol as keyof typeof schemes];
  if (url === null || scheme === undefined || url.hostname === '') throw badEndpoint(text);
  // WHATWG parsing drops a port that is the scheme's default; for the schemes it does not know it keeps all.
  const port = url.port === '' ? scheme.port : Number(url.port);
  if (port === 0) throw badEndpoint(text);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, tls: scheme.tls, http2: scheme.http2 };
}

/** One cluster with one endpoint. */
export function cluster(name: string, endpoint: Endpoint, caFile: string = defaultCaFile): Tree {
  const fixed = isIP(endpoint.host) !== 0;
  return {
    name,
    type: fixed
      ? because('STATIC', 'the address needs no DNS')
      : because('STRICT_DNS', 'the name is looked up again and again'),
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
    typed_extension_protocol_options: endpoint.http2 ? http2Options : undefined,
    transport_socket: endpoint.tls ? tlsSocket(endpoint.host, caFile) : undefined,
  };
}

const http2Options = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  },
} as const;

function tlsSocket(host: string, caFile: string): Tree {
  const address = isIP(host) !== 0;
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: address ? undefined : host,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: because(caFile, 'without it Envoy accepts any certificate (--ca-file)') },
          match_typed_subject_alt_names: because(
            [{ san_type: address ? 'IP_ADDRESS' : 'DNS', matcher: { exact: host } }],
            'the certificate must be for this host',
          ),
        },
      },
    },
  };
}

function badEndpoint(text: string): WasmeError {
  return new WasmeError('USAGE', `"${text}" is not an address that Envoy can send to`, {
    hint: 'write it like http://127.0.0.1:3000, https://example.org or tcp://10.0.0.5:5432',
  });
}
