/**
 * Turns the error response of a registry into a WasmeError that names the action, the repository and the next step.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
import { type ErrorCode, WasmeError, withoutSecrets } from '../../errors.ts';
import { type HttpResponse, retryAfterMs, showUrl } from '../../io/http/http.ts';
import { printable } from '../../io/printable.ts';
import { maxErrorBytes } from '../limits.ts';

export interface RegistryErrorContext {
  readonly host: string;
  /** `push to registry.example/team/filter`: the message starts with "cannot …". */
  readonly action: string;
  /** User and source of the credentials; undefined for anonymous access. */
  readonly credentials?: string | undefined;
  /** Secrets that were sent and must not be printed if the body repeats them. */
  readonly secrets: Iterable<string>;
  readonly nowMs: number;
}

/** Code and text of the body, whatever its form; safe to print. */
export interface RegistryComplaint {
  readonly code: string;
  readonly message: string;
}

/** Reads an error body: the specified JSON, a variant of it, or plain text. An HTML page gives nothing. */
function parseComplaint(body: Uint8Array, contentType = ''): RegistryComplaint {
  const text = new TextDecoder().decode(body).trim();
  try {
    const json = JSON.parse(text) as { errors?: unknown; message?: unknown; details?: unknown };
    const first: unknown = Array.isArray(json.errors) ? json.errors[0] : json;
    const { code, message, detail, details } = (first ?? {}) as Record<string, unknown>;
    const words = [message, detail ?? details].filter(word => typeof word === 'string' && word !== '');
    return {
      code: typeof code === 'string' ? printable(code, 64) : '',
      message: printable(words.join(': ')),
    };
  } catch {
    const isPage = contentType.includes('html') || text.startsWith('<');
    return { code: '', message: isPage ? '' : printable(text) };
  }
}

/** Makes the error for a response that has another status than expected. Reads its body. */
export async function registryError(
  response: HttpResponse,
  context: RegistryErrorContext,
): Promise<WasmeError> {
  const body = await response.bytes(maxErrorBytes).catch(() => Buffer.alloc(0));
  const said = parseComplaint(body, response.header('content-type'));
  const complaint = {
    code: withoutSecrets(said.code, context.secrets),
    message: withoutSecrets(said.message, context.secrets),
  };
  const [code, hint] = judge(response, complaint, context);
  const words = [complaint.code, complaint.message].filter(Boolean).join(': ');
  return new WasmeError(
    code,
    `cannot ${context.action}: ${response.status}${words === '' ? '' : ` ${words}`}`,
    {
      hint,
      details: {
        host: context.host,
        status: response.status,
        ...(complaint.code === '' ? {} : { registryCode: complaint.code }),
        url: showUrl(response.url),
      },
    },
  );
}

function judge(
  response: HttpResponse,
  { code, message }: RegistryComplaint,
  { host, action, credentials, nowMs }: RegistryErrorContext,
): [ErrorCode, hint: string] {
  switch (response.status) {
    case 401:
      return credentials === undefined
        ? ['REGISTRY_UNAUTHORIZED', `log in first: wasme login ${host}`]
        : ['REGISTRY_UNAUTHORIZED', `${host} refused ${credentials}; log in again: wasme login ${host}`];
    case 403:
      return ['REGISTRY_DENIED', deniedHint(host, action, credentials)];
    case 404:
      return ['REGISTRY_NOT_FOUND', notFoundHint(host, action, code)];
    case 413:
      return ['REGISTRY_REFUSED', 'the registry, or a proxy in front of it, has a lower size limit'];
    case 429:
      return ['REGISTRY_RATE_LIMITED', rateHint(response, host, credentials, nowMs)];
    default:
      break;
  }
  if (
    /unknown manifest class|invalid json|unsupported media type|manifest_invalid/i.test(
      `${code} ${message}`,
    ) ||
    response.status === 415
  ) {
    return [
      'REGISTRY_REFUSED',
      'this registry does not take this image layout; --layout compat is taken by all',
    ];
  }
  if (/immutable|already ?exists/i.test(`${code} ${message}`) || response.status === 409) {
    return ['REGISTRY_REFUSED', 'the tag may not be moved there; push under a new tag'];
  }
  if (/HTTP request to an? HTTPS|plain HTTP request was sent to HTTPS/i.test(message)) {
    return ['REGISTRY_REFUSED', 'this registry speaks TLS: add --no-plain-http'];
  }
  if (response.status >= 500) return ['REGISTRY_REFUSED', 'the registry has a problem; try again later'];
  return ['REGISTRY_REFUSED', 'run it again with -v to see each request'];
}

function deniedHint(host: string, action: string, credentials: string | undefined): string {
  const who =
    credentials === undefined
      ? `not logged in to ${host}: wasme login ${host}`
      : `${credentials} has no permission for it`;
  return host === 'ghcr.io' && action.startsWith('push') ? `${who}; the token needs write:packages` : who;
}

function notFoundHint(host: string, action: string, code: string): string {
  if (/\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/.test(host) && code === 'NAME_UNKNOWN') {
    const repository = action.split(`${host}/`)[1] ?? 'NAME';
    return `create it first: aws ecr create-repository --repository-name ${repository}`;
  }
  if (code === 'BLOB_UNKNOWN') return 'the registry has the manifest but lost a layer; push the image again';
  return 'check the spelling; a private repository looks absent to users who are not logged in';
}

function rateHint(
  response: HttpResponse,
  host: string,
  credentials: string | undefined,
  nowMs: number,
): string {
  const waitMs = retryAfterMs(response.header('retry-after'), nowMs);
  const when = waitMs === undefined ? 'try again later' : `try again in ${Math.ceil(waitMs / 1000)} s`;
  return credentials === undefined ? `${when}, or log in for a higher limit: wasme login ${host}` : when;
}
