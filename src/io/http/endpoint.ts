/** Parses addresses to connect to, as flags and wasme.json hold them: `http://host:port` and similar. */
import { WasmeError } from '../../errors.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly http2: boolean;
}

const schemes: Readonly<Record<string, Omit<Endpoint, 'host'>>> = {
  'http:': { tls: false, http2: false, port: 80 },
  'https:': { tls: true, http2: false, port: 443 },
  'h2c:': { tls: false, http2: true, port: 80 },
  'h2:': { tls: true, http2: true, port: 443 },
  'grpc:': { tls: false, http2: true, port: 80 },
  'grpcs:': { tls: true, http2: true, port: 443 },
  // Has no port of its own.
  'tcp:': { tls: false, http2: false, port: 0 },
};

/** `http://host:port`, `https://`, `h2c://`, `h2://`, `grpc://`, `grpcs://`, `tcp://host:port` or `host:port`. Fails with USAGE. */
export function parseEndpoint(text: string): Endpoint {
  const withScheme = /^[a-z][a-z0-9+]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const scheme = schemes[url?.protocol ?? ''];
  const port = url === undefined || url.port === '' ? scheme?.port : Number(url.port);
  if (url === undefined || scheme === undefined || url.hostname === '' || port === undefined || port === 0) {
    throw new WasmeError('USAGE', `"${text}" is not an address to send to`, {
      hint: 'write it like http://127.0.0.1:3000, https://example.org or tcp://10.0.0.5:5432',
    });
  }
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, tls: scheme.tls, http2: scheme.http2 };
}

/** `127.0.0.1:80`, `[::1]:80`: host and port as a URL has them. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
