/** `wasme tags`: lists the tags of a repository in a registry. */
import semver from 'semver';
import type { SystemContext } from './io/system-context.ts';
import { defaultsOf, parseReference } from './oci/reference.ts';
import { listTags } from './oci/registry/lists.ts';
import { type RegistryTargetOptions, openRegistry } from './oci/registry/registry.ts';

export interface TagsOptions {
  /** A repository; its tag, if any, is ignored. */
  readonly reference: string;
  /** Includes the tags that hold signatures and other attachments. */
  readonly all?: boolean | undefined;
  readonly registry?: RegistryTargetOptions | undefined;
}

export interface TagsResult {
  readonly name: string;
  /** Versions first, newest on top, then the others by name. */
  readonly tags: readonly string[];
}

/** Fails with REGISTRY_NOT_FOUND for an unknown repository, and as registries do. */
export async function tags(options: TagsOptions, system: SystemContext): Promise<TagsResult> {
  const reference = parseReference(options.reference, defaultsOf(system));
  const registry = openRegistry(reference, system, options.registry);
  try {
    const found = await listTags(registry);
    return {
      name: registry.label,
      tags: found.filter(tag => options.all || !isAttachment(tag)).sort(byVersion),
    };
  } finally {
    await registry.close();
  }
}

/** `sha256-<hex>`, `sha256-<hex>.sig`: names that tools generate. */
function isAttachment(tag: string): boolean {
  return /^sha(?:256|512)-[0-9a-f]{64,}(?:\.\w+)?$/.test(tag);
}

function byVersion(a: string, b: string): number {
  const [left, right] = [versionOf(a), versionOf(b)];
  if (left && right) return semver.rcompare(left, right) || (a < b ? -1 : 1);
  if (left || right) return left ? -1 : 1;
  return a < b ? -1 : 1;
}

/** `v1` and `1.2` are versions too: publishers move such tags along. */
function versionOf(tag: string): semver.SemVer | null {
  return /^v?\d+(?:\.\d+){0,2}(?:[-+].*)?$/.test(tag)
    ? semver.coerce(tag, { includePrerelease: true })
    : null;
}
