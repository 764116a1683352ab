/** `wasme verify`: says which hosts load a module or image, why not, and what repairs it; and whether it is signed. */
import { WasmeError } from './errors.ts';
import { profileDifferences } from './host/profile-differences.ts';
import { type HostProfile, newestProfile, profileOf } from './host/profiles.ts';
import type { SystemContext } from './io/system-context.ts';
import { maxKeyBytes } from './io/files/file-limits.ts';
import { readText } from './io/files/files.ts';
import { isAbsolute, join } from 'node:path';
import {
  type HostCompatibility,
  type CheckedSubject,
  loadersOf,
  defaultHosts,
  checkForHosts,
  subjectOf as imageSubject,
} from './oci/compatibility/check-image.ts';
import { isProjectImage } from './oci/packaging/find-image.ts';
import { packModule } from './oci/packaging/pack-module.ts';
import { type OpenedSource, type ImageSource, type SourceOptions, withSource } from './oci/source.ts';
import { openImage } from './oci/read/open-image.ts';
import { fetchBundles, signatureName } from './oci/read/read-referrers.ts';
import { publicKeyFrom } from './oci/signature/signature-key.ts';
import { fetchSignatures, verifySignatures } from './oci/signature/signature.ts';
import { graphSource } from './oci/target.ts';
import { findProject } from './project/load.ts';
import type { Project } from './project/schema.ts';
import { hostNames, parseHost } from './wasm/hosts.ts';
import { parseModule } from './wasm/module.ts';

export interface VerifyOptions extends SourceOptions {
  /** Path, project folder or image; default: the project around the current folder. */
  readonly target?: string | undefined;
  /**
   * `istio@1.30`, `gloo@ee` …; default: those of the project (also of the one here whose image it is), else the newest
   * version of every host, or none with `key`.
   */
  readonly hosts?: readonly string[] | undefined;
  /** File of a public key: the image must be signed with its private half. */
  readonly key?: string | undefined;
}

export interface VerifyResult {
  /** The checked subject: a path, or the full reference. */
  readonly target: string;
  /** Of the image manifest; null for a file. */
  readonly digest: string | null;
  readonly verdicts: readonly HostCompatibility[];
  /** null without a key. */
  readonly signature: SignatureVerdict | null;
  /** Every host loads it, and the signature (if a key was given) is valid. */
  readonly ok: boolean;
}

export interface SignatureVerdict {
  readonly ok: boolean;
  readonly reason: string;
  /** Repositories that the signers named; bundles name none. */
  readonly identities: readonly string[];
}

/** A refusal is a result, not an error. Fails as `withSource` does, with USAGE for unknown hosts, and with KEY_INVALID. */
export async function verify(options: VerifyOptions, system: SystemContext): Promise<VerifyResult> {
  const named = options.hosts ?? [];
  loadersOf(named); // Reports a misspelt host before anything is fetched.
  return withSource(options.target, options, system, async opened => {
    const subject = await subjectOf(opened, system);
    const project =
      opened.kind === 'image' ? await projectOf(opened, named, system) : opened.project?.project;
    // With a key and no project, the question is about the signature only.
    const others = options.key === undefined ? defaultHosts : [];
    const hosts = named.length > 0 ? named : (project?.hosts ?? others);
    const verdicts = withDifferences(await checkForHosts(subject, hosts), subject, project);
    const signature = options.key === undefined ? null : await checkSignature(opened, options.key, system);
    return {
      target: opened.name,
      digest: opened.kind === 'image' ? opened.image.descriptor.digest : null,
      verdicts,
      signature,
      ok: verdicts.every(verdict => verdict.ok) && signature?.ok !== false,
    };
  });
}

/** Returns the project around the current folder when it pushes this image, unless hosts were named. */
async function projectOf(
  { reference }: ImageSource,
  named: readonly string[],
  system: SystemContext,
): Promise<Project | undefined> {
  if (reference === undefined || named.length > 0) return undefined;
  const here = await findProject(system.cwd, system);
  return isProjectImage(reference, here, system) ? here?.project : undefined;
}

/** Adds to the answers the differences between each host and the one of `run` that this module meets. */
function withDifferences(
  verdicts: readonly HostCompatibility[],
  { module: bytes }: CheckedSubject,
  project: Project | undefined,
): HostCompatibility[] {
  const here = profileInside(project?.run?.host) ?? newestProfile;
  return verdicts.map(verdict => {
    const there = profileInside(verdict.host);
    if (!verdict.ok || bytes === undefined || there === undefined) return verdict;
    const { failPolicy: failurePolicy } = project?.deploy?.[sectionOf(verdict.host)] ?? {};
    const use = { info: parseModule(bytes), bytes, kind: project?.kind, failurePolicy };
    const found = profileDifferences(use, here, there);
    if (found.length === 0) return verdict;
    return {
      ...verdict,
      notes: [...verdict.notes, `differs from Envoy ${here.envoy}: ${found.join('; ')}`],
    };
  });
}

/** Returns undefined for a reader of images that is not a host of filters. */
function profileInside(host: string | undefined): HostProfile | undefined {
  const isHost = hostNames.some(name => host?.trim().toLowerCase().split('@')[0] === name);
  return host !== undefined && isHost ? profileOf(parseHost(host).envoyMinor) : undefined;
}

function sectionOf(host: string): 'envoy' | 'istio' | 'gloo' | 'envoyGateway' {
  const { name } = parseHost(host);
  return name === 'envoy-gateway' ? 'envoyGateway' : name === 'gloo' || name === 'envoy' ? name : 'istio';
}

/** Packs a project as push would. */
async function subjectOf(opened: OpenedSource, system: SystemContext): Promise<CheckedSubject> {
  if (opened.kind === 'image') return (await imageSubject(opened)).subject;
  const { name, module, project } = opened;
  if (opened.kind === 'file' || project === undefined) return { name, module };
  const { graph } = await packModule(module, project, {}, system);
  return {
    name,
    module,
    image: await openImage(graphSource(graph), 'latest'),
    repack: other => `set image.layout to "${other}" in wasme.json`,
  };
}

async function checkSignature(
  opened: OpenedSource,
  key: string,
  system: SystemContext,
): Promise<SignatureVerdict> {
  if (opened.kind !== 'image' || opened.reference === undefined) {
    throw new WasmeError(
      'USAGE',
      `${opened.name} cannot be signed: signatures lie beside images in a registry or the store`,
      {
        hint: 'name an image reference, or leave --key out',
      },
    );
  }
  const { source, reference, image } = opened;
  const publicKey = publicKeyFrom(
    await readText(isAbsolute(key) ? key : join(system.cwd, key), maxKeyBytes),
    key,
  );
  const { digest } = image.descriptor;
  try {
    const signatures = await fetchSignatures(source, signatureName(source, reference, digest));
    const good = await verifySignatures(digest, signatures, publicKey, await fetchBundles(source, digest));
    return {
      ok: true,
      reason: `signed with the private half of ${key}`,
      identities: good.flatMap(({ identity = [] }) => identity),
    };
  } catch (error) {
    if (!(error instanceof WasmeError) || error.code !== 'SIGNATURE_INVALID') throw error;
    const elsewhere =
      opened.place === 'store' ? '; signatures as bundles lie in the registry only: --remote asks it' : '';
    return { ok: false, reason: `${error.message}${elsewhere}`, identities: [] };
  }
}
