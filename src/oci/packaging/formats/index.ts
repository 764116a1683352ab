/** Lists the packagings by name, in the order of --help. */
import { WasmeError } from '../../../errors.ts';
import { maxModuleBytes } from '../../../io/files/file-limits.ts';
import type { ImageGraph } from '../../target.ts';
import { cncf } from './cncf.ts';
import { compat } from './compat.ts';
import { docker } from './docker.ts';
import { higress } from './higress.ts';
import { hybrid } from './hybrid.ts';
import { kubewarden } from './kubewarden.ts';
import type { ImageMetadata, Packaging, PackagingName } from './packaging.ts';
import { oci } from './oci.ts';
import { raw } from './raw.ts';

export type { ImageDocument, ImageMetadata, Packaging, PackagingName } from './packaging.ts';

export const packagings: Readonly<Record<PackagingName, Packaging>> = {
  compat,
  docker,
  oci,
  hybrid,
  cncf,
  raw,
  kubewarden,
  higress,
};

/**
 * Packs a module and its metadata into an image. Pure and reproducible. Fails with IMAGE_UNSUPPORTED for a module larger than
 * any host loads.
 */
export function packImage(
  layout: PackagingName,
  module: Uint8Array,
  metadata: ImageMetadata = {},
): ImageGraph {
  if (module.length > maxModuleBytes) {
    throw new WasmeError(
      'IMAGE_UNSUPPORTED',
      `the module has ${module.length} bytes; hosts load at most ${maxModuleBytes}`,
      { hint: 'build it with --profile release, without debug sections' },
    );
  }
  return packagings[layout].pack(module, metadata);
}
