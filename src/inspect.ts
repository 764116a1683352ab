/** `wasme inspect`: reports everything about a module or image that is known without running it. */
import { digestOf } from './io/sha256.ts';
import type { SystemContext } from './io/system-context.ts';
import {
  type HostCompatibility,
  checkForHosts,
  defaultHosts,
  subjectOf,
} from './oci/compatibility/check-image.ts';
import { type OpenedSource, type ImageSource, type SourceOptions, withSource } from './oci/source.ts';
import { detectPackaging } from './oci/read/detect-packaging.ts';
import { platformText } from './oci/read/open-image.ts';
import { type Referrer, countSignatures, listReferrers } from './oci/read/read-referrers.ts';
import type { ReadImage } from './oci/read/read-image.ts';
import { titleKey } from './oci/annotations.ts';
import type { RuntimeConfig } from './oci/packaging/runtime-config.ts';
import { callbacksOf, detectAbi } from './wasm/abi.ts';
import { moduleFindings } from './wasm/compatibility/module-findings.ts';
import { wasmKind } from './wasm/magic.ts';
import { type ModuleInfo, parseModule, showType } from './wasm/module.ts';

export interface InspectOptions extends SourceOptions {
  /** Path, project folder or image; default: the project around the current folder. */
  readonly target?: string | undefined;
}

/** Documented in docs/images.md under "JSON"; absent values are null. */
export interface InspectResult {
  readonly target: string;
  readonly kind: 'file' | 'project' | 'image';
  readonly module: ModuleReport | null;
  /** The reason why there is no `module`. */
  readonly problem: string | null;
  readonly image: ImageReport | null;
  readonly verdicts: readonly HostCompatibility[];
}

export interface ModuleReport {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly kind: 'module' | 'component';
  /** `0.2.1`; null without a marker that hosts know. */
  readonly abi: string | null;
  readonly imports: readonly { readonly module: string; readonly name: string; readonly type: string }[];
  readonly exports: readonly { readonly name: string; readonly kind: string; readonly type: string | null }[];
  /** Exports that the host calls. */
  readonly callbacks: readonly string[];
  /** Largest first. */
  readonly sections: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Bytes; `maximum` is null when the module sets none. */
  readonly memory: { readonly minimum: number; readonly maximum: number | null } | null;
  /** Findings of the newest Envoy. */
  readonly findings: readonly string[];
}

export interface ImageReport {
  readonly reference: string;
  readonly place: 'store' | 'registry' | 'archive' | 'layout';
  /** Of the image manifest: the digest to pin. */
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string | null;
  /** Config and layers together. */
  readonly sizeBytes: number;
  readonly index: { readonly digest: string; readonly platform: string; readonly children: number } | null;
  readonly layout: string;
  readonly layoutText: string;
  readonly config: BlobReport;
  readonly layers: readonly BlobReport[];
  /** Place of the module: a file in a layer, or a layer. */
  readonly modulePath: string | null;
  readonly runtimeConfig: RuntimeConfig | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly documents: readonly string[];
  readonly warnings: readonly string[];
  readonly referrers: readonly Referrer[];
  /** Number of cosign signatures beside the image. */
  readonly signatures: number;
}

export interface BlobReport {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** File name that the image gives it. */
  readonly title: string | null;
}

/** Fails as `withSource` does. Describes an image without a readable module too. */
export async function inspect(options: InspectOptions, system: SystemContext): Promise<InspectResult> {
  return withSource(options.target, options, system, async opened =>
    opened.kind === 'image' ? inspectImage(opened) : inspectModule(opened),
  );
}

async function inspectModule(opened: Exclude<OpenedSource, ImageSource>): Promise<InspectResult> {
  const { name, kind, module, project } = opened;
  const verdicts = await checkForHosts({ name, module }, project?.project.hosts ?? defaultHosts);
  return { target: name, kind, image: null, verdicts, ...moduleReport(module) };
}

async function inspectImage(opened: ImageSource): Promise<InspectResult> {
  const { name } = opened;
  const { subject, read } = await subjectOf(opened);
  return {
    target: name,
    kind: 'image',
    image: await imageReport(opened, read),
    verdicts: await checkForHosts(subject, defaultHosts),
    ...(read === undefined
      ? { module: null, problem: subject.unreadable ?? null }
      : moduleReport(read.module)),
  };
}

async function imageReport(opened: ImageSource, read: ReadImage | undefined): Promise<ImageReport> {
  const { image, source, reference, name, place } = opened;
  const { manifest, descriptor, index } = image;
  const layout = detectPackaging(manifest);
  const child = index?.index.manifests.find(item => item.digest === descriptor.digest);
  return {
    reference: name,
    place,
    digest: descriptor.digest,
    mediaType: manifest.mediaType,
    artifactType: manifest.artifactType ?? null,
    sizeBytes: [manifest.config, ...manifest.layers].reduce((sum, blob) => sum + blob.size, 0),
    index:
      index === undefined
        ? null
        : {
            digest: index.descriptor.digest,
            platform: platformText(child?.platform),
            children: index.index.manifests.length,
          },
    layout: layout.name,
    layoutText: layout.text,
    config: blobReport(manifest.config),
    layers: manifest.layers.map(blobReport),
    modulePath: read?.modulePath ?? null,
    runtimeConfig: read?.runtime ?? null,
    annotations: read?.annotations ?? manifest.annotations ?? {},
    documents: read?.documents.map(document => document.name) ?? [],
    warnings: read?.warnings ?? [],
    referrers: await listReferrers(source, descriptor.digest),
    signatures: reference === undefined ? 0 : await countSignatures(source, reference, descriptor.digest),
  };
}

function blobReport(blob: ImageSource['image']['manifest']['config']): BlobReport {
  return {
    mediaType: blob.mediaType,
    digest: blob.digest,
    sizeBytes: blob.size,
    title: blob.annotations?.[titleKey] ?? null,
  };
}

function moduleReport(bytes: Uint8Array): { module: ModuleReport | null; problem: string | null } {
  const sha256 = digestOf(bytes).slice('sha256:'.length);
  if (wasmKind(bytes) === 'component') return { module: componentReport(bytes, sha256), problem: null };
  let info: ModuleInfo;
  try {
    info = parseModule(bytes);
  } catch (error) {
    return { module: null, problem: error instanceof Error ? error.message : String(error) };
  }
  const abi = detectAbi(info) ?? null;
  const known = callbacksOf(abi ?? '0.2.1');
  const [memory] = info.memories;
  return {
    problem: null,
    module: {
      sizeBytes: bytes.length,
      sha256,
      kind: 'module',
      abi,
      imports: info.imports.map(item => ({
        module: item.module,
        name: item.name,
        type: item.kind === 'function' ? showType(item.type) : item.kind,
      })),
      exports: info.exports.map(({ name, kind, type }) => ({
        name,
        kind,
        type: type === undefined ? null : showType(type),
      })),
      callbacks: info.exports.map(({ name }) => name).filter(name => known.has(name)),
      sections: info.sections
        .map(({ name, start, end }) => ({ name, sizeBytes: end - start }))
        .sort((a, b) => b.sizeBytes - a.sizeBytes),
      memory:
        memory === undefined
          ? null
          : { minimum: memory.min * 65_536, maximum: memory.max === undefined ? null : memory.max * 65_536 },
      findings: moduleFindings(info).map(({ message, repair }) => `${message}: ${repair}`),
    },
  };
}

function componentReport(bytes: Uint8Array, sha256: string): ModuleReport {
  return {
    sizeBytes: bytes.length,
    sha256,
    kind: 'component',
    abi: null,
    imports: [],
    exports: [],
    callbacks: [],
    sections: [],
    memory: null,
    findings: ['a component: Proxy-Wasm hosts load core modules only'],
  };
}
