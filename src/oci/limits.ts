/**
 * Caps what is read from a registry, a store or an archive. Each cap has its reason; units are bytes unless a name says
 * otherwise.
 */

import { maxModuleBytes } from '../io/files/file-limits.ts';

const MiB = 1024 * 1024;

/**
 * Registries refuse larger manifests, so no registry stored one.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export const maxManifestBytes = 4 * MiB;
/** Far above every known tag list page and token answer. */
export const maxTagPageBytes = 4 * MiB;
export const maxTokenBytes = 128 * 1024;
/** Enough for a registry's explanation; the HTML page of a proxy is cut. */
export const maxErrorBytes = 64 * 1024;
/** A gzip archive is unpacked in memory: room for two of the largest modules, which no filter's archive has. */
export const maxUnpackedArchiveBytes = 2 * maxModuleBytes;
/** README, spec, icon and runtime-config are all smaller. */
export const maxDocumentBytes = MiB;
/** A blob of a filter image is a module or smaller; images of other kinds are copied too. */
export const maxBlobBytes = 1024 * MiB;
/** Filter images have under 20 layers; Spin documents 500. */
export const maxLayers = 500;
/** Children of an index; usually one per platform. */
export const maxIndexChildren = 100;
/** Indexes nested in indexes. */
export const maxIndexDepth = 4;
/** Everything that refers to one image, directly or not: signatures, SBOMs, attestations of every build step. */
export const maxReferrers = 1000;
/** index.json of a layout folder: about a hundred thousand images. */
export const maxLayoutIndexBytes = 64 * MiB;
