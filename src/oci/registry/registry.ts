/**
 * Implements one repository of a registry as a target of copy.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
import { digestOf } from '../../io/sha256.ts';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { isRetriable } from '../../io/http/http-errors.ts';
import { type HttpResponse, maxTries } from '../../io/http/http.ts';
import { Verifier, isDigest, splitDigest, verified } from '../digest.ts';
import { maxManifestBytes } from '../limits.ts';
import { isManifestType, manifestTypes } from '../media-types.ts';
import type { Reference } from '../reference.ts';
import { parseManifest } from '../schema.ts';
import { type RegistryOptions, RegistrySession } from './session.ts';
import {
  type BlobSource,
  type Descriptor,
  type FetchOptions,
  type WriteOptions,
  type ImageTarget,
  fetchBytes,
  skipBytes,
  whole,
} from '../target.ts';
import { uploadBlob } from './upload.ts';

export interface RegistryTargetOptions extends RegistryOptions {
  /** Upload in pieces of this many bytes; default: in one piece. */
  readonly chunkBytes?: number | undefined;
}

export class RegistryTarget implements ImageTarget {
  readonly label: string;
  readonly repository: string;
  readonly session: RegistrySession;
  readonly #options: RegistryTargetOptions;
  /** Manifests that were read: they are small, and requested twice (as a name, then as a digest). */
  readonly #manifests = new Map<string, Buffer>();

  constructor(session: RegistrySession, repository: string, options: RegistryTargetOptions = {}) {
    this.label = `${session.host}/${repository}`;
    this.repository = repository;
    this.session = session;
    this.#options = options;
  }

  async resolve(name: string): Promise<Descriptor> {
    const [bytes, contentType] = await this.#getManifest(name);
    const digest = isDigest(name) ? name : digestOf(bytes);
    const { mediaType } = parseManifest(bytes, contentType);
    this.#manifests.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }

  async exists(descriptor: Descriptor): Promise<boolean> {
    const isManifest = isManifestType(descriptor.mediaType);
    const request = {
      method: 'HEAD' as const,
      path: this.path(isManifest ? 'manifests' : 'blobs', descriptor.digest),
      headers: isManifest ? { accept: manifestTypes.join(', ') } : {},
      scopes: this.pushScopes(),
      action: `push to ${this.label}`,
      // A redirect to storage means that the blob exists; the signed URL behind it may refuse HEAD.
      followRedirects: false,
    };
    const response = await this.session.send(request);
    await response.discard();
    if (response.status >= 300 && response.status < 400) return true;
    if (response.status >= 500 || response.status === 429)
      throw await this.session.failure(response, request);
    const size = response.header('content-length');
    return response.ok && (size === undefined || Number(size) === descriptor.size);
  }

  fetch(descriptor: Descriptor, { from = 0, unchecked }: FetchOptions = {}): AsyncIterable<Uint8Array> {
    const what = `${this.label}: ${descriptor.digest}`;
    if (isManifestType(descriptor.mediaType)) return this.#fetchManifest(descriptor, from);
    const stream = this.#resumed(descriptor, from);
    return from === 0 && !unchecked ? verified(stream, descriptor, what) : stream;
  }

  async push(descriptor: Descriptor, source: BlobSource, options: WriteOptions = {}): Promise<void> {
    if (isManifestType(descriptor.mediaType)) {
      await this.#putManifest(descriptor, await whole(source.open()), options.name ?? descriptor.digest);
      options.onProgress?.(descriptor.size);
      return;
    }
    const { origin } = options;
    const sameHost = origin instanceof RegistryTarget && origin.session.host === this.session.host;
    await uploadBlob(this, descriptor, source, {
      ...options,
      mountFrom: sameHost ? origin.repository : undefined,
      chunkBytes: this.#options.chunkBytes,
    });
  }

  async tag(descriptor: Descriptor, name: string): Promise<void> {
    const bytes = await fetchBytes(this, descriptor);
    await this.#putManifest(descriptor, bytes, name);
  }

  /**
   * Deletes a manifest by digest, or a tag where the registry can. Fails with REGISTRY_REFUSED where deletion is disabled.
   * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management
   */
  async delete(name: string): Promise<void> {
    const request = {
      method: 'DELETE' as const,
      path: this.path('manifests', name),
      scopes: [`repository:${this.repository}:delete,pull`],
      action: `delete ${this.label}${isDigest(name) ? '@' : ':'}${name}`,
    };
    const response = await this.session.send(request);
    if (!response.ok && response.status !== 404) throw await this.session.failure(response, request);
    await response.discard();
  }

  path(kind: 'manifests' | 'blobs' | 'tags' | 'referrers', name: string): string {
    return `/v2/${this.repository}/${kind}/${name}`;
  }

  pullScopes(): string[] {
    return [`repository:${this.repository}:pull`];
  }

  pushScopes(): string[] {
    return [`repository:${this.repository}:pull,push`];
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  async #getManifest(name: string): Promise<[bytes: Buffer, contentType: string | undefined]> {
    const request = {
      method: 'GET' as const,
      path: this.path('manifests', name),
      headers: { accept: manifestTypes.join(', ') },
      scopes: this.pullScopes(),
      action: `pull ${this.label}${isDigest(name) ? '@' : ':'}${name}`,
    };
    const [response, bytes] = await this.#whole(request, maxManifestBytes + 1);
    if (bytes.byteLength > maxManifestBytes) {
      throw new WasmeError(
        'IMAGE_INVALID',
        `${this.label}: a manifest of more than ${maxManifestBytes} bytes`,
      );
    }
    const declared = response.header('docker-content-digest');
    const expected = isDigest(name) ? name : declared;
    if (expected !== undefined && isDigest(expected)) {
      const verifier = new Verifier(
        { digest: expected, size: bytes.byteLength },
        `${this.label}: the manifest ${name}`,
      );
      verifier.update(bytes);
      verifier.finish();
    }
    return [bytes, response.header('content-type')?.split(';')[0]?.trim()];
  }

  /** Returns a small response with its body; a connection that breaks in the body is retried like one that breaks before it. */
  async #whole(
    request: Parameters<RegistrySession['send']>[0],
    maxBytes: number,
  ): Promise<[HttpResponse, Buffer]> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.session.send(request);
      if (!response.ok) throw await this.session.failure(response, request);
      try {
        return [response, await response.bytes(maxBytes)];
      } catch (error) {
        if (!isRetriable(error) || attempt >= maxTries) throw error;
        await this.session.backOff(attempt, `${request.action}: the answer broke off`);
      }
    }
  }

  async *#fetchManifest(descriptor: Descriptor, from: number): AsyncGenerator<Uint8Array, void, undefined> {
    const known = this.#manifests.get(descriptor.digest);
    const bytes = known ?? (await this.#getManifest(descriptor.digest))[0];
    this.#manifests.set(descriptor.digest, bytes);
    const verifier = new Verifier(descriptor, `${this.label}: ${descriptor.digest}`);
    verifier.update(bytes);
    verifier.finish();
    yield bytes.subarray(from);
  }

  /** Streams a blob from byte `from`, and resumes with a Range request where a connection broke. */
  async *#resumed(descriptor: Descriptor, from: number): AsyncGenerator<Uint8Array, void, undefined> {
    let offset = from;
    let failures = 0;
    while (offset < descriptor.size || descriptor.size === 0) {
      const before = offset;
      try {
        for await (const chunk of this.#openAt(descriptor, offset)) {
          offset += chunk.byteLength;
          yield chunk;
        }
        if (offset >= descriptor.size) return;
        throw new WasmeError(
          'NETWORK',
          `${this.label}: ${descriptor.digest} ended after ${offset} of ${descriptor.size} bytes`,
          {
            hint: 'the registry or a proxy in front of it cuts transfers; try again',
            details: { retriable: true },
          },
        );
      } catch (error) {
        failures = offset > before ? 1 : failures + 1;
        if (!isRetriable(error) || failures >= maxTries) throw error;
        await this.session.backOff(
          failures,
          `${descriptor.digest} broke off at ${offset} of ${descriptor.size} bytes`,
        );
      }
    }
  }

  async *#openAt(descriptor: Descriptor, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
    const request = {
      method: 'GET' as const,
      path: this.path('blobs', descriptor.digest),
      scopes: this.pullScopes(),
      action: `pull ${descriptor.digest} from ${this.label}`,
    };
    let response = await this.session.send(
      offset === 0 ? request : { ...request, headers: { range: `bytes=${offset}-` } },
    );
    if (response.status === 416) {
      await response.discard();
      response = await this.session.send(request);
    }
    if (!response.ok) throw await this.session.failure(response, request);
    const start = response.status === 206 ? rangeStart(response) : 0;
    if (start > offset) {
      await response.discard();
      throw new WasmeError(
        'REGISTRY_REFUSED',
        `${this.label}: asked for bytes from ${offset}, got them from ${start}`,
      );
    }
    yield* start === offset ? response.stream() : skipBytes(response.stream(), offset - start);
  }

  async #putManifest(descriptor: Descriptor, bytes: Buffer, name: string): Promise<void> {
    const request = {
      method: 'PUT' as const,
      path: this.path('manifests', name),
      headers: { 'content-type': descriptor.mediaType },
      body: bytes,
      scopes: this.pushScopes(),
      action: `push to ${this.label}${isDigest(name) ? '' : `:${name}`}`,
    };
    const response = await this.session.send(request);
    if (!response.ok) throw await this.session.failure(response, request);
    await response.discard();
    const stored = response.header('docker-content-digest');
    const comparable =
      stored !== undefined &&
      isDigest(stored) &&
      splitDigest(stored)[0] === splitDigest(descriptor.digest)[0];
    if (comparable && stored !== descriptor.digest) {
      throw new WasmeError(
        'DIGEST_MISMATCH',
        `${this.label} stored the manifest as ${stored}, it was ${descriptor.digest}`,
        {
          hint: 'the registry rewrites manifests: it stored other bytes than were pushed',
        },
      );
    }
    this.#manifests.set(descriptor.digest, bytes);
  }
}

function rangeStart(response: HttpResponse): number {
  const start = /^bytes (\d+)-/i.exec(response.header('content-range') ?? '')?.[1];
  // 206 for another range than the requested one cannot be used.
  return start === undefined ? Number.POSITIVE_INFINITY : Number(start);
}

/** Opens the repository that a reference names. The caller closes it. */
export function openRegistry(
  reference: Pick<Reference, 'host' | 'repository'>,
  system: SystemContext,
  options: RegistryTargetOptions = {},
): RegistryTarget {
  return new RegistryTarget(
    new RegistrySession(reference.host, system, options),
    reference.repository,
    options,
  );
}
