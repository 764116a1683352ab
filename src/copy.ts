/** `wasme copy`: copies an image from one registry to another, unchanged, with the same digest. */
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { type CopyResult, copy as copyImage } from './oci/copy.ts';
import { defaultsOf, formatName, formatReference, parseReference, tagOrDigest } from './oci/reference.ts';
import { copyReferrers, copySignatures } from './oci/copy-referrers.ts';
import { type RegistryTargetOptions, openRegistry } from './oci/registry/registry.ts';
import { signatureTag } from './oci/signature/signature.ts';

export interface CopyImageOptions {
  readonly source: string;
  readonly target: string;
  /** Copies the signatures too. Default true. */
  readonly signatures?: boolean | undefined;
  /** Copies the artifacts that refer to the image (SBOMs, attestations, signatures as bundles), and those that refer to them. */
  readonly recursive?: boolean | undefined;
  readonly from?: RegistryTargetOptions | undefined;
  readonly to?: RegistryTargetOptions | undefined;
  readonly concurrency?: number | undefined;
}

export interface CopyImageResult {
  readonly source: string;
  readonly target: string;
  readonly digest: string;
  readonly pinned: string;
  readonly signatures: boolean;
  /** Number of copied artifacts that refer to it; 0 without `recursive`. */
  readonly referrers: number;
  readonly copied: CopyResult['copied'];
  readonly skipped: CopyResult['skipped'];
}

/**
 * Copies between registries and keeps nothing on this machine. Fails as registries do, with DIGEST_MISMATCH, and with USAGE
 * for a file.
 */
export async function copy(options: CopyImageOptions, system: SystemContext): Promise<CopyImageResult> {
  if (/\.(wasm|tar)$/.test(options.source)) {
    throw new WasmeError('USAGE', `copy goes from registry to registry; ${options.source} is a file`, {
      hint: options.source.endsWith('.tar')
        ? `wasme load ${options.source} puts its images into the store, wasme push into a registry`
        : `wasme push ${options.target} --file ${options.source}`,
    });
  }
  const source = parseReference(options.source, defaultsOf(system));
  const target = parseReference(options.target, defaultsOf(system));
  if (target.digest !== undefined) {
    throw new WasmeError(
      'REFERENCE_INVALID',
      `${options.target}: a copy gets a tag; its digest does not change`,
    );
  }
  const from = openRegistry(source, system, options.from);
  const to = openRegistry(target, system, options.to);
  const { reporter, signal } = system;
  const { concurrency } = options;
  try {
    const root = await from.resolve(tagOrDigest(source));
    const names = [target.tag ?? 'latest'];
    const result = await copyImage(from, root, to, { reporter, signal, concurrency, names });
    const tag = signatureTag(root.digest);
    const more = { reporter, signal, concurrency };
    const signatures = options.signatures !== false && (await copySignatures(from, tag, to, tag, more));
    const referrers = options.recursive === true ? await copyReferrers(from, root, to, more) : 0;
    return {
      source: formatReference(source),
      target: formatReference(target),
      digest: root.digest,
      pinned: `${formatName(target)}@${root.digest}`,
      signatures,
      referrers,
      copied: result.copied,
      skipped: result.skipped,
    };
  } finally {
    await from.close();
    await to.close();
  }
}
