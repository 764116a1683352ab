/** Collects the metadata of a module that becomes an image: from its project, its own bytes, or the image that held it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { readBytes } from '../../io/files/files.ts';
import type { LoadedProject } from '../../project/load.ts';
import { detectAbi } from '../../wasm/abi.ts';
import { parseModule } from '../../wasm/module.ts';
import { createdKey, isDerivedKey, ociPrefix } from '../annotations.ts';
import { documentType } from '../image-documents.ts';
import type { ImageDocument, ImageMetadata, PackagingName } from './formats/index.ts';
import { maxDocumentBytes } from '../limits.ts';
import type { ReadImage } from '../read/read-image.ts';
import { type RuntimeConfig, envoyProxy, parseRuntimeConfig, runtimeConfigFile } from './runtime-config.ts';

export interface MetadataOptions {
  /** From `--annotation KEY=VALUE`; they win over everything else. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** RFC 3339, or seconds since the epoch. Default: SOURCE_DATE_EPOCH if set, else no time. */
  readonly created?: string | undefined;
  /** Packaging of the image; `higress` carries documents. Default: the project's. */
  readonly layout?: PackagingName | undefined;
  /** The old runtime-config.json, as `build precompiled --config` names it. */
  readonly runtimeConfig?: RuntimeConfig | undefined;
}

/** Returns the metadata of a bare module: its ABI version and what the flags give. */
export function metadataOfModule(
  module: Uint8Array,
  options: MetadataOptions,
  system: SystemContext,
): ImageMetadata {
  return {
    runtime: runtimeOf(module, options.runtimeConfig),
    annotations: options.annotations,
    created: createdOf(options, system),
  };
}

/**
 * Returns the metadata that a project gives its module: facts of the project file only, nothing of the machine, the clock or
 * the checkout, so that everybody who builds the same sources gets the same image.
 */
export async function metadataOfProject(
  { dir, project }: LoadedProject,
  module: Uint8Array,
  options: MetadataOptions,
  system: SystemContext,
): Promise<ImageMetadata> {
  const entries = await readdir(dir);
  const declared = entries.includes(runtimeConfigFile)
    ? parseRuntimeConfig(await readBytes(join(dir, runtimeConfigFile), maxDocumentBytes))
    : undefined;
  const runtime = runtimeOf(module, options.runtimeConfig ?? declared);
  const rootIds = project.rootId === undefined || project.rootId === '' ? [] : [project.rootId];
  const known: Record<string, string | undefined> = {
    [`${ociPrefix}title`]: project.name,
    [`${ociPrefix}version`]: project.version,
    [`${ociPrefix}description`]: project.description,
    [`${ociPrefix}licenses`]: project.license,
  };
  return {
    runtime: runtime.rootIds.length > 0 ? runtime : { ...runtime, rootIds },
    annotations: { ...withoutEmpty(known), ...project.image?.annotations, ...options.annotations },
    created: createdOf(options, system),
    documents: (options.layout ?? project.image?.layout) === 'higress' ? await documentsIn(dir, entries) : [],
  };
}

/** Returns the metadata for a repack: all of the image's, except what describes the old packaging. `options` win. */
export function metadataOfImage(image: ReadImage, options: MetadataOptions = {}): ImageMetadata {
  const kept = Object.entries(image.annotations).filter(([key]) => !isDerivedKey(key) && key !== createdKey);
  return {
    runtime: image.runtime ?? runtimeOf(image.module),
    annotations: { ...Object.fromEntries(kept), ...options.annotations },
    created: options.created ?? image.created,
    author: image.author,
    documents: image.documents,
  };
}

/** Reads the documents that the higress packaging carries from a project's folder. */
async function documentsIn(dir: string, entries: readonly string[]): Promise<ImageDocument[]> {
  const names = entries.filter(name => documentType(name) !== undefined);
  return Promise.all(
    names.map(async name => {
      const bytes = await readBytes(join(dir, name), maxDocumentBytes);
      if (bytes.length <= maxDocumentBytes) return { name, bytes };
      throw new WasmeError(
        'IMAGE_UNSUPPORTED',
        `${name} has ${bytes.length} bytes; an image carries ${maxDocumentBytes}`,
      );
    }),
  );
}

function runtimeOf(module: Uint8Array, declared?: RuntimeConfig): RuntimeConfig {
  if (declared !== undefined && declared.abiVersions.length > 0) return declared;
  const version = abiOf(module);
  return {
    type: declared?.type ?? envoyProxy,
    abiVersions: version === undefined ? [] : [version],
    rootIds: declared?.rootIds ?? [],
  };
}

function abiOf(module: Uint8Array): string | undefined {
  try {
    const version = detectAbi(parseModule(module));
    return version === undefined ? undefined : `v${version}`;
  } catch (error) {
    // Whether a module can be parsed is checked elsewhere; here one that cannot has no ABI version.
    if (error instanceof WasmeError) return undefined;
    throw error;
  }
}

function createdOf({ created }: MetadataOptions, { env }: SystemContext): string | undefined {
  const text = created ?? env['SOURCE_DATE_EPOCH'];
  if (text === undefined || text === '') return undefined;
  const time = /^\d{1,11}$/.test(text) ? new Date(Number(text) * 1000) : new Date(text);
  if (Number.isNaN(time.getTime())) {
    throw new WasmeError('USAGE', `${JSON.stringify(text)} is not a time`, {
      hint: 'write it as 2026-01-31T12:00:00Z, or as seconds since 1970 (SOURCE_DATE_EPOCH)',
    });
  }
  return time.toISOString().replace('.000Z', 'Z');
}

function withoutEmpty(record: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
    ),
  );
}
