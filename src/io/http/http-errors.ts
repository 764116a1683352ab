/** Turns failures of connections and TLS into a WasmeError that names the server and what usually helps. */
import { WasmeError, interrupted } from '../../errors.ts';

export const connectTimeoutMs = 10_000;
/** Until the response's head, and between two pieces of its body: a slow registry may take its time, a dead one not. */
export const idleTimeoutMs = 60_000;

const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** Alerts of a server that requires a client certificate, or another one. */
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
  'TIMEOUT_HEAD',
  'TIMEOUT_BODY',
]);

/** Error codes of connecting, at which the proxy fails and not the host behind it. */
const ofConnecting = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'TIMEOUT_CONNECT']);

/** Returns what a request fails with when the server has taken too long for a step. */
export function timeoutError(step: 'connect' | 'head' | 'body'): Error {
  return Object.assign(new Error('timed out'), { code: `TIMEOUT_${step.toUpperCase()}` });
}

/** Returns what a request fails with whose connection ends without a response. */
export function closedError(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}

/** Returns true for a failure that a second try may not meet. */
export function isRetriable(error: unknown): boolean {
  return error instanceof WasmeError && error.code === 'NETWORK' && error.details?.['retriable'] === true;
}

/**
 * A thrown value of the transport as NETWORK (or INTERRUPTED); WasmeErrors come back as they are.
 * @param proxy host of the proxy that the request went through.
 */
export function networkError(error: unknown, url: URL, proxy?: string): WasmeError {
  if (error instanceof WasmeError) return error;
  if (error instanceof Error && error.name === 'AbortError') return interrupted();
  const code = codeOf(error);
  const peer = proxy !== undefined && ofConnecting.has(code) ? `the proxy ${proxy}` : url.host;
  return new WasmeError('NETWORK', `${peer}: ${explain(code, error)}`, {
    hint: hintFor(code, url),
    cause: error,
    details: { host: url.host, code, retriable: passing.has(code) },
  });
}

/** Returns the error for a status with which a proxy answered instead of connecting to the host of `url`. */
export function refusedByProxy(proxy: string, url: URL, status: number): WasmeError {
  return new WasmeError(
    'NETWORK',
    `the proxy ${proxy} does not connect to ${url.host}: it answered ${status}`,
    {
      hint:
        status === 407
          ? `it wants a login: put name:password@ in front of its host in ${url.protocol === 'https:' ? 'HTTPS' : 'HTTP'}_PROXY`
          : 'ask its operator, or name the host in NO_PROXY to reach it directly',
      details: { host: url.host, proxy, status },
    },
  );
}

/** The code of the innermost failure: a happy-eyeballs failure is an AggregateError of several. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const own = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof AggregateError) return own || codeOf(error.errors[0]);
  return own;
}

const explanations: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there (connection refused)'],
  ['ENOTFOUND', 'no such host name'],
  ['EAI_AGAIN', 'the host name could not be looked up'],
  ['ECONNRESET', 'the connection was closed in the middle'],
  ['EPIPE', 'the connection was closed in the middle'],
  ['TIMEOUT_CONNECT', `no answer within ${connectTimeoutMs / 1000} s`],
  ['TIMEOUT_HEAD', `no answer within ${idleTimeoutMs / 1000} s`],
  ['TIMEOUT_BODY', `nothing came for ${idleTimeoutMs / 1000} s`],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS'],
  ['EPROTO', 'it does not speak TLS as we do'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another name'],
  ['HPE_INVALID_CONSTANT', 'it does not speak plain HTTP'],
]);

function explain(code: string, error: unknown): string {
  if (untrusted.has(code)) return 'its certificate is not signed by a trusted authority';
  if (refusedCertificate.has(code)) return 'it wants a client certificate that it knows';
  return explanations.get(code) ?? (error instanceof Error ? error.message : String(error));
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
  if (code === 'ECONNRESET' && url.protocol === 'https:') {
    // Some servers close without a word where others send an alert.
    return 'try again; a server that wants a client certificate may end like this too: --cert-file and --key-file';
  }
  return 'check the host name and the network; HTTPS_PROXY and NO_PROXY are honoured';
}
