/** What a build gives. */
import type { Language } from '../project/names.ts';
import { judgeModule } from '../wasm/abi.ts';
import type { ModuleInfo } from '../wasm/module.ts';
import { sha256 } from './inputs.ts';
import type { BuildJob } from './job.ts';
import { type SectionSize, sectionSizes } from './size.ts';
import type { ProbeResult, Profile, Variant } from './toolchain.ts';

export interface BuildResult {
  readonly name: string;
  readonly language: Language | 'precompiled';
  /** Absolute path of the module. */
  readonly module: string;
  readonly sizeBytes: number;
  /** sha256 of the module, hex. */
  readonly sha256: string;
  /** Absolute paths of what belongs to it and lies beside it: debug information, a source map. */
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

/** A build before it is timed. */
export type BuildOutput = Omit<BuildResult, 'durationMs'>;

/** What a job and its module say of themselves. */
export function describe(
  job: BuildJob,
  bytes: Uint8Array,
  module: ModuleInfo,
  variant: Variant,
): Omit<BuildOutput, 'beside' | 'tools' | 'upToDate'> {
  return {
    ...measure(bytes, module),
    name: job.name,
    language: job.toolchain.language,
    module: job.output,
    profile: job.profile,
    toolchain: variant,
  };
}

/** The tools among what was looked for. */
export function toolsOf(answers: readonly ProbeResult[]): BuildResult['tools'] {
  return answers.flatMap(({ title, path, version }) =>
    path === undefined ? [] : [{ title, path, ...(version === undefined ? {} : { version }) }],
  );
}

/** What can be measured on any module. */
export function measure(
  bytes: Uint8Array,
  module: ModuleInfo,
): Pick<BuildResult, 'sizeBytes' | 'sha256' | 'abiVersion' | 'sections'> {
  return {
    sizeBytes: bytes.length,
    sha256: sha256(bytes),
    abiVersion: judgeModule(module).version ?? 'unknown',
    sections: sectionSizes(module),
  };
}
