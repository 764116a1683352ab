/**
 * Uploads one blob to a registry: by a mount, in one piece or in several, and again when the transfer breaks.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
import { WasmeError } from '../../errors.ts';
import { isRetriable } from '../../io/http/http-errors.ts';
import { type HttpResponse, isPassing, maxRetryAfterMs, maxTries } from '../../io/http/http.ts';
import { isDigest } from '../digest.ts';
import type { RegistrySession } from './session.ts';
import type { BlobSource, Descriptor, WriteOptions, ImageTarget } from '../target.ts';

/** The part of a registry target that uploads need. */
interface UploadTarget extends Pick<ImageTarget, 'label' | 'exists'> {
  readonly repository: string;
  readonly session: RegistrySession;
  pushScopes(): string[];
}

interface UploadOptions extends WriteOptions {
  /** Repository of the same registry that may have the blob. */
  readonly mountFrom?: string | undefined;
  readonly chunkBytes?: number | undefined;
}

/**
 * Size of pieces for registries behind a proxy with a size limit (413 to one piece): under the usual limits, and kept in
 * memory.
 */
const fallbackChunkBytes = 16 * 1024 * 1024;

/** Above every minimum that registries are known to require: S3 requires 5 MiB. */
const maxAskedChunkBytes = 64 * 1024 * 1024;

/** Uploads a blob that the registry does not have. Fails as session.send does, and as the source does. */
export async function uploadBlob(
  target: UploadTarget,
  descriptor: Descriptor,
  source: BlobSource,
  options: UploadOptions,
): Promise<void> {
  let { chunkBytes } = options;
  for (let attempt = 1; ; attempt++) {
    let sent = 0;
    let answer: HttpResponse | undefined;
    const count = (bytes: number): void => {
      sent += bytes;
      options.onProgress?.(bytes);
    };
    try {
      const upload = await startUpload(target, descriptor, options.mountFrom);
      if (upload === undefined) {
        options.onProgress?.(descriptor.size);
        return;
      }
      const response = (answer =
        chunkBytes === undefined
          ? await putWhole(target, upload.location, descriptor, source, count)
          : await putChunks(target, upload, descriptor, source, chunkBytes, count));
      if (response.ok) return await checkStored(target, response, descriptor);
      if (response.status === 413 && chunkBytes === undefined) chunkBytes = fallbackChunkBytes;
      else if (!startsOver(target, response) || attempt >= maxTries) throw await refused(target, response);
      await response.discard();
    } catch (error) {
      if (!isRetriable(error) || attempt >= maxTries) throw error;
    }
    options.onProgress?.(-sent);
    await target.session.backOff(attempt, `the upload of ${descriptor.digest} broke off`, answer);
    // The last bytes may have arrived although the response did not.
    if (await target.exists(descriptor)) {
      options.onProgress?.(descriptor.size);
      return;
    }
  }
}

/** 404 for an upload's own URL: the registry lost the session, and a new one may work. */
function startsOver({ session }: UploadTarget, response: HttpResponse): boolean {
  if ((session.askedDelayMs(response) ?? 0) > maxRetryAfterMs) return false;
  return isPassing(response.status) || response.status === 404;
}

/** An upload that a registry started. */
interface Upload {
  readonly location: URL;
  /** All pieces but the last are at least this large, because some storage refuses smaller ones. */
  readonly minChunkBytes: number;
}

/**
 * Returns undefined for a mounted blob, of which nothing has to be sent.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 */
async function startUpload(
  target: UploadTarget,
  { digest }: Descriptor,
  mountFrom?: string,
): Promise<Upload | undefined> {
  const query =
    mountFrom === undefined || mountFrom === target.repository
      ? ''
      : `?mount=${digest}&from=${encodeURIComponent(mountFrom)}`;
  const request = (withQuery: string) => ({
    method: 'POST' as const,
    path: `/v2/${target.repository}/blobs/uploads/${withQuery}`,
    headers: { 'content-length': '0' },
    scopes: [...target.pushScopes(), ...(withQuery === '' ? [] : [`repository:${mountFrom ?? ''}:pull`])],
    action: `push to ${target.label}`,
  });
  let response = query === '' ? undefined : await target.session.send(request(query)).catch(refusal);
  if (response === undefined || (query !== '' && response.status !== 201 && response.status !== 202)) {
    // The mount was refused: some token services give no token for two repositories. An ordinary upload may succeed.
    await response?.discard();
    response = await target.session.send(request(''));
  }
  if (response.status === 201 && query !== '') {
    await response.discard();
    return undefined;
  }
  if (response.status !== 202) throw await refused(target, response);
  await response.discard();
  // A registry that requires more than is kept in memory will refuse the pieces.
  const asked = Number(response.header('oci-chunk-min-length') ?? 0);
  return {
    location: locationOf(target, response),
    minChunkBytes: Math.min(Number.isInteger(asked) ? asked : 0, maxAskedChunkBytes),
  };
}

/** Returns undefined for a refusal of the registry or its token service; throws any other error. */
function refusal(error: unknown): undefined {
  const codes = ['REGISTRY_UNAUTHORIZED', 'REGISTRY_DENIED', 'REGISTRY_REFUSED', 'REGISTRY_NOT_FOUND'];
  if (!(error instanceof WasmeError) || !codes.includes(error.code)) throw error;
}

async function putWhole(
  target: UploadTarget,
  location: URL,
  descriptor: Descriptor,
  source: BlobSource,
  count: (bytes: number) => void,
): Promise<HttpResponse> {
  return target.session.send({
    method: 'PUT',
    path: withDigest(location, descriptor.digest),
    headers: { 'content-type': 'application/octet-stream' },
    body: { size: descriptor.size, open: () => counted(source.open(), count) },
    retry: false,
    scopes: target.pushScopes(),
    action: `push to ${target.label}`,
  });
}

async function putChunks(
  target: UploadTarget,
  { location: start, minChunkBytes }: Upload,
  descriptor: Descriptor,
  source: BlobSource,
  chunkBytes: number,
  count: (bytes: number) => void,
): Promise<HttpResponse> {
  let location = start;
  let offset = 0;
  for await (const chunk of inPieces(source.open(), Math.max(chunkBytes, minChunkBytes))) {
    const response = await target.session.send({
      method: 'PATCH',
      path: location,
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `${offset}-${offset + chunk.byteLength - 1}`,
      },
      body: chunk,
      retry: false,
      scopes: target.pushScopes(),
      action: `push to ${target.label}`,
    });
    if (response.status !== 202) return response;
    await response.discard();
    offset += chunk.byteLength;
    count(chunk.byteLength);
    // Each response names a new location; the previous one is invalid.
    location = locationOf(target, response);
  }
  return target.session.send({
    method: 'PUT',
    path: withDigest(location, descriptor.digest),
    headers: { 'content-type': 'application/octet-stream', 'content-length': '0' },
    retry: false,
    scopes: target.pushScopes(),
    action: `push to ${target.label}`,
  });
}

async function checkStored(
  target: UploadTarget,
  response: HttpResponse,
  { digest }: Descriptor,
): Promise<void> {
  await response.discard();
  const stored = response.header('docker-content-digest');
  if (
    stored !== undefined &&
    isDigest(stored) &&
    stored !== digest &&
    stored.startsWith(digest.slice(0, 7))
  ) {
    throw new WasmeError('DIGEST_MISMATCH', `${target.label} stored ${stored}, ${digest} was sent`, {
      hint: 'the file changed during the upload, or something between here and the registry changes bytes',
    });
  }
}

async function refused(target: UploadTarget, response: HttpResponse): Promise<WasmeError> {
  return target.session.failure(response, { action: `push to ${target.label}`, scopes: target.pushScopes() });
}

/**
 * Returns the location of the next piece. It must be on the registry's own host: another one would receive the blob and our
 * token.
 */
function locationOf(target: UploadTarget, response: HttpResponse): URL {
  const location = response.header('location');
  const { base } = target.session;
  if (location === undefined || !URL.canParse(location, response.url.href)) {
    throw new WasmeError(
      'REGISTRY_REFUSED',
      `${target.label}: the registry began an upload without saying where`,
    );
  }
  const url = new URL(location, response.url);
  if (url.origin !== base.origin) {
    throw new WasmeError(
      'REGISTRY_REFUSED',
      `${target.label}: the registry sends the upload to ${url.origin}`,
      {
        hint: `it must stay on ${base.origin}; a registry behind a proxy needs its external URL configured`,
      },
    );
  }
  return url;
}

/** The rest of the query stays unchanged byte for byte, because it may be signed. */
function withDigest(location: URL, digest: string): URL {
  return new URL(`${location.href}${location.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`);
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of stream) {
    yield chunk;
    count(chunk.byteLength);
  }
}

async function* inPieces(
  stream: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Buffer, void, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    while (bytes + rest.byteLength >= size) {
      const cut = size - bytes;
      yield Buffer.concat([...held, rest.subarray(0, cut)]);
      rest = rest.subarray(cut);
      held = [];
      bytes = 0;
    }
    held.push(rest);
    bytes += rest.byteLength;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
