/** The result of a build, as the verb returns it. */
import { sha256Hex } from '../io/sha256.ts';
import type { Language } from '../project/names.ts';
import { detectAbi } from '../wasm/abi.ts';
import type { ModuleInfo } from '../wasm/module.ts';
import { type SectionSize, sectionSizes } from './check.ts';
import type { BuildJob } from './job.ts';
import type { ProbeResult, Profile, Variant } from './toolchain.ts';

export interface BuildResult {
  readonly name: string;
  readonly language: Language | 'precompiled';
  /** Absolute path of the module. */
  readonly module: string;
  readonly sizeBytes: number;
  /** sha256 of the module, hex. */
  readonly sha256: string;
  /** Absolute paths of the files that belong to the module and lie beside it: debug information, a source map. */
  readonly beside: readonly string[];
  readonly abiVersion: string;
  /** Largest first. */
  readonly sections: readonly SectionSize[];
  readonly profile: Profile;
  readonly toolchain: Variant;
  readonly tools: readonly { readonly title: string; readonly version?: string; readonly path: string }[];
  /** Nothing had changed: the module of the last build was left in place. */
  readonly upToDate: boolean;
  readonly durationMs: number;
  /** With a tag: the image in the local store. */
  readonly image?: { readonly reference: string; readonly digest: string; readonly layout: string };
}

/** A result without its duration, which the caller measures. */
export type BuildOutput = Omit<BuildResult, 'durationMs'>;

export interface BuiltModule {
  readonly bytes: Uint8Array;
  readonly module: ModuleInfo;
  readonly beside: readonly string[];
  readonly variant: Variant;
  readonly tools: readonly ProbeResult[];
  readonly upToDate: boolean;
}

/** Describes the module of a job. */
export function buildOutput(
  { name, toolchain, output, profile }: BuildJob,
  { bytes, module, beside, variant, tools, upToDate }: BuiltModule,
): BuildOutput {
  return {
    ...moduleFacts(bytes, module),
    name,
    language: toolchain.language,
    module: output,
    profile,
    toolchain: variant,
    beside,
    // Probes that ask for something of the project have no path.
    tools: tools.flatMap(({ title, path, version }) =>
      path === undefined ? [] : [{ title, path, ...(version === undefined ? {} : { version }) }],
    ),
    upToDate,
  };
}

/** Returns the part of a result that any module has, however it was built. */
export function moduleFacts(
  bytes: Uint8Array,
  module: ModuleInfo,
): Pick<BuildResult, 'sizeBytes' | 'sha256' | 'abiVersion' | 'sections'> {
  return {
    sizeBytes: bytes.length,
    sha256: sha256Hex(bytes),
    abiVersion: detectAbi(module) ?? 'unknown',
    sections: sectionSizes(module),
  };
}
