/**
 * Reads OCI archives (a tar of an image layout) in place: scans the headers once and reads blobs where they lie. Extracts
 * nothing, and ignores every name that an image layout does not have.
 */
import { Header } from 'tar/header';
import { WasmeError } from '../../errors.ts';
import { fileError } from '../../io/files/file-errors.ts';
import { type ArchiveFile, type Place, openArchiveFile } from './archive-file.ts';
import { isDigest, verified } from '../digest.ts';
import { blobPath, containerdNameKey, indexFile, isLayoutFile, refNameKey } from '../store/layout-files.ts';
import { maxManifestBytes } from '../limits.ts';
import { ociIndex } from '../media-types.ts';
import { parseManifest } from '../schema.ts';
import { maxTarEntries } from '../packaging/tar.ts';
import { type Descriptor, type FetchOptions, type Source, whole } from '../target.ts';

export interface ArchivedImage {
  readonly descriptor: Descriptor;
  /** Name in the archive: a full reference, a bare tag, or nothing. */
  readonly name: string | undefined;
}

export interface Archive extends Source {
  readonly images: readonly ArchivedImage[];
}

/**
 * Opens an archive that `save`, skopeo (`oci-archive:`) or podman wrote, also through gzip. Fails with IMAGE_INVALID when it
 * is damaged and IMAGE_UNSUPPORTED when it is another kind of archive.
 */
export async function openArchive(path: string): Promise<Archive> {
  const file = await openArchiveFile(path);
  const places = await scan(path, file);
  const read = async (name: string): Promise<Buffer | undefined> => {
    const place = places.get(name);
    if (place === undefined) return undefined;
    if (place.size > maxManifestBytes) {
      throw new WasmeError(
        'IMAGE_INVALID',
        `${name} in ${path} has ${place.size} bytes; the limit is ${maxManifestBytes}`,
      );
    }
    return whole(file.stream(place));
  };
  const index = await read(indexFile);
  if (index === undefined) throw otherArchive(path, places);
  const manifest = parseManifest(index, ociIndex);
  if (manifest.kind !== 'index')
    throw new WasmeError('IMAGE_INVALID', `${indexFile} in ${path} is not an index`);
  const images = manifest.manifests.map(({ annotations, ...descriptor }) => ({
    descriptor,
    // containerd's annotation holds the full name where buildx and nerdctl write the bare tag into the other one.
    name: annotations?.[containerdNameKey] || annotations?.[refNameKey],
  }));
  return {
    label: path,
    images,
    resolve(name) {
      const found = images.find(image => image.name === name || image.descriptor.digest === name);
      if (found !== undefined) return Promise.resolve(found.descriptor);
      const names = images.map(image => image.name ?? image.descriptor.digest).join(', ');
      return Promise.reject(
        new WasmeError('IMAGE_NOT_FOUND', `${path} holds no image ${name}`, {
          hint: `it holds ${names || 'no images'}`,
        }),
      );
    },
    fetch(descriptor, { from = 0, unchecked }: FetchOptions = {}) {
      const place = isDigest(descriptor.digest) ? places.get(blobPath(descriptor.digest)) : undefined;
      if (place === undefined) {
        throw new WasmeError('IMAGE_INVALID', `${path} lacks the blob ${descriptor.digest}`, {
          hint: 'the archive is incomplete; save it again',
        });
      }
      const bytes = file.stream({ start: place.start + from, size: place.size - from });
      return from === 0 && !unchecked ? verified(bytes, descriptor, `${path}: ${descriptor.digest}`) : bytes;
    },
  };
}

/**
 * Maps the names that an image layout has to their places. Refuses a name that occurs twice, because readers disagree which
 * one counts.
 */
async function scan(path: string, file: ArchiveFile): Promise<Map<string, Place>> {
  try {
    const places = new Map<string, Place>();
    let entries = 0;
    for (let at = 0; at + 512 <= file.size; ) {
      const header = headerOf(await file.read({ start: at, size: 512 }));
      if (header?.nullBlock) break;
      if (!header?.cksumValid)
        throw at === 0 ? notTar(path) : damaged(path, 'a header is not what a tar has');
      const size = header.size ?? 0;
      if (++entries > maxTarEntries) throw damaged(path, `it has more than ${maxTarEntries} entries`);
      if (at + 512 + size > file.size) throw damaged(path, 'it ends early');
      const name = (header.path ?? '').replace(/^\.\//, '');
      if (header.type === 'File' || header.type === 'OldFile') {
        if (places.has(name) && isLayoutFile(name)) throw damaged(path, `it holds ${name} twice`);
        places.set(name, { start: at + 512, size });
      }
      at += 512 + Math.ceil(size / 512) * 512;
    }
    return places;
  } catch (error) {
    throw fileError(error, path, 'read');
  } finally {
    await file.close();
  }
}

/**
 * Returns undefined for bytes whose numbers cannot be those of a tar: the parser throws at them before it compares the
 * checksum.
 */
function headerOf(block: Buffer): Header | undefined {
  try {
    return new Header(block);
  } catch {
    return undefined;
  }
}

function notTar(path: string): WasmeError {
  return new WasmeError('IMAGE_INVALID', `${path} is not a tar archive`, {
    hint: 'name a file that "wasme save" or skopeo (oci-archive:) wrote',
  });
}

function damaged(path: string, why: string): WasmeError {
  return new WasmeError('IMAGE_INVALID', `${path} is damaged: ${why}`, { hint: 'copy or save it again' });
}

function otherArchive(path: string, places: ReadonlyMap<string, Place>): WasmeError {
  return places.has('manifest.json')
    ? new WasmeError('IMAGE_UNSUPPORTED', `${path} is a Docker archive, not an OCI one`, {
        hint: `skopeo copy docker-archive:${path} oci-archive:image.tar`,
      })
    : new WasmeError('IMAGE_UNSUPPORTED', `${path} holds no images`, {
        hint: 'name a file that "wasme save" or skopeo (oci-archive:) wrote',
      });
}
