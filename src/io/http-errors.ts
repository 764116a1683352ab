/** What goes wrong on the wire, told as WasmeError: which server, and what usually helps. */
import { WasmeError } from '../errors.ts';

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** What a server says that wants another client certificate than ours, or one at all. */
const refusedCertificate = new Set([
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
]);

/** Connection-level failures that a second try may not meet. */
const passing = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETDOWN',
  'TIMEOUT_CONNECT',
  'TIMEOUT_IDLE',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Ours, because a socket that is silent for too long is no error to Node. */
export class TimeoutError extends Error {
  readonly code: string;

  constructor(what: 'connect' | 'idle') {
    super(`timed out (${what})`);
    this.code = `TIMEOUT_${what.toUpperCase()}`;
  }
}

/** Whether trying again is sensible. */
export function isRetriable(error: unknown): boolean {
  return error instanceof WasmeError && error.code === 'NETWORK' && error.details?.['retriable'] === true;
}

/**
 * A thrown value of the transport as NETWORK (or INTERRUPTED); WasmeErrors come back as they are.
 * @param peer who is at the other end of the connection: the host of the URL, or a proxy.
 */
export function networkError(error: unknown, url: URL, peer = url.host): WasmeError {
  if (error instanceof WasmeError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new WasmeError('INTERRUPTED', 'interrupted');
  const code = codeOf(error);
  return new WasmeError('NETWORK', `${peer}: ${explain(code, error)}`, {
    hint: hintFor(code, url),
    cause: error,
    details: { host: url.host, code, retriable: passing.has(code) },
  });
}

/** The code of the innermost failure: a happy-eyeballs failure is an AggregateError of several. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const own = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof AggregateError) return own || codeOf(error.errors[0]);
  if (error.cause instanceof Error) return codeOf(error.cause) || own;
  return own;
}

function explain(code: string, error: unknown): string {
  const known: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there (connection refused)',
    ENOTFOUND: 'no such host name',
    EAI_AGAIN: 'the host name could not be looked up',
    ECONNRESET: 'the connection was closed in the middle',
    ERR_STREAM_PREMATURE_CLOSE: 'the connection was closed in the middle',
    EPIPE: 'the connection was closed in the middle',
    TIMEOUT_CONNECT: 'no answer within 10 s',
    TIMEOUT_IDLE: 'nothing came for 60 s',
    ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
    EPROTO: 'it does not speak TLS as we do',
    CERT_HAS_EXPIRED: 'its certificate has expired',
    ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
    HPE_INVALID_CONSTANT: 'it does not speak plain HTTP',
  };
  if (untrusted.has(code)) return 'its certificate is signed by nobody we trust';
  if (refusedCertificate.has(code)) return 'it wants a client certificate that it knows';
  return known[code] ?? (error instanceof Error ? error.message : String(error));
}

function hintFor(code: string, url: URL): string {
  if (untrusted.has(code) || code === 'CERT_HAS_EXPIRED' || code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return '--ca-file names a certificate to trust; --insecure takes any (not for production)';
  }
  if (refusedCertificate.has(code))
    return '--cert-file and --key-file name the client certificate and its key';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') {
    return 'if the registry speaks plain HTTP, say --plain-http';
  }
  if (code === 'HPE_INVALID_CONSTANT' || (code === 'ECONNRESET' && url.protocol === 'http:')) {
    return 'if the registry speaks HTTPS, say --no-plain-http';
  }
  return 'check the host name and the network; HTTPS_PROXY and NO_PROXY are honoured';
}
