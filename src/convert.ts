/** `wasme convert`: repacks any image or module into any packaging, for the store or a registry. */
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { copy } from './oci/copy.ts';
import { storeImage } from './oci/store/store-image.ts';
import { type PackagingName, packImage } from './oci/packaging/formats/index.ts';
import { type HostCompatibility, defaultHosts, checkForHosts } from './oci/compatibility/check-image.ts';
import { type MetadataOptions, metadataOfImage } from './oci/packaging/metadata.ts';
import { packModule } from './oci/packaging/pack-module.ts';
import { type OpenedSource, type SourceOptions, withSource } from './oci/source.ts';
import { openImage } from './oci/read/open-image.ts';
import { readImage } from './oci/read/read-image.ts';
import { type Reference, formatReference, parseReference, defaultsOf } from './oci/reference.ts';
import { openRegistry } from './oci/registry/registry.ts';
import { type ImageGraph, graphDescriptor, graphSource } from './oci/target.ts';
import { parseNamedModule } from './wasm/module.ts';

export interface ConvertOptions extends SourceOptions, MetadataOptions {
  /** Image, module or project. */
  readonly source: string;
  readonly layout: PackagingName;
  /** Name of the new image; default: the source's, with `-<layout>` appended to the tag. */
  readonly target?: string | undefined;
  /** Writes to the registry that `target` names instead of the local store. */
  readonly push?: boolean | undefined;
  /** Packs bytes that are not a core module, too. */
  readonly force?: boolean | undefined;
}

export interface ConvertResult {
  readonly source: string;
  /** Packaging of the source; null for a module. */
  readonly from: string | null;
  readonly layout: PackagingName;
  readonly reference: string;
  readonly digest: string;
  readonly place: 'store' | 'registry';
  /** Hosts that load the new image, at their newest versions. */
  readonly loadedBy: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Carries module bytes, annotations, runtime config and documents over where the packaging has a place for them. Fails with
 * IMAGE_INVALID and IMAGE_UNSUPPORTED for a source without a module, with WASM_INVALID for a module that no host can read,
 * and with USAGE when no name can be derived.
 */
export async function convert(options: ConvertOptions, system: SystemContext): Promise<ConvertResult> {
  return withSource(options.source, options, system, async opened => {
    const reference = targetReference(opened, options, system);
    const { graph, module, from, warnings } = await repack(opened, options, system);
    if (!options.force) parseNamedModule(module, opened.name);
    const image = await openImage(graphSource(graph), 'latest');
    const verdicts = await checkForHosts({ name: formatReference(reference), module, image }, defaultHosts);
    await store(graph, reference, options, system);
    return {
      source: opened.name,
      from,
      layout: options.layout,
      reference: formatReference(reference),
      digest: graphDescriptor(graph).digest,
      place: options.push === true ? 'registry' : 'store',
      loadedBy: verdicts.filter((verdict: HostCompatibility) => verdict.ok).map(verdict => verdict.host),
      warnings,
    };
  });
}

interface Repacked {
  readonly graph: ImageGraph;
  readonly module: Uint8Array;
  readonly from: string | null;
  readonly warnings: readonly string[];
}

async function repack(
  opened: OpenedSource,
  options: ConvertOptions,
  system: SystemContext,
): Promise<Repacked> {
  if (opened.kind !== 'image') {
    const { graph } = await packModule(opened.module, opened.project, options, system);
    return { graph, module: opened.module, from: null, warnings: [] };
  }
  const read = await readImage(opened.image);
  return {
    graph: packImage(options.layout, read.module, metadataOfImage(read, options)),
    module: read.module,
    from: read.layout.name,
    warnings: read.warnings,
  };
}

function targetReference(opened: OpenedSource, options: ConvertOptions, system: SystemContext): Reference {
  if (options.target !== undefined) return withoutDigest(parseReference(options.target, defaultsOf(system)));
  if (opened.kind === 'image' && opened.reference !== undefined) {
    const { host, repository, tag = 'latest' } = opened.reference;
    return { host, repository, tag: `${tag}-${options.layout}` };
  }
  const declared = opened.kind === 'image' ? undefined : opened.project?.project.image?.reference;
  if (declared !== undefined) return withoutDigest(parseReference(declared, defaultsOf(system)));
  throw new WasmeError('USAGE', `${opened.name} has no image name to derive the new one from`, {
    hint: `name it: wasme convert ${options.source} registry.example/team/filter:v1 --layout ${options.layout}`,
  });
}

function withoutDigest({ host, repository, tag = 'latest' }: Reference): Reference {
  return { host, repository, tag };
}

async function store(
  graph: ImageGraph,
  reference: Reference,
  options: ConvertOptions,
  system: SystemContext,
): Promise<void> {
  if (options.push !== true) return storeImage(graph, reference, system);
  const { reporter, signal } = system;
  const registry = openRegistry(reference, system, options.registry);
  try {
    const names = [reference.tag ?? 'latest'];
    await copy(graphSource(graph), graphDescriptor(graph), registry, { reporter, signal, names });
  } finally {
    await registry.close();
  }
}
