/** How much is taken from a registry, a store or an archive. Each cap has its reason; bytes unless said otherwise. */

import { maxModuleBytes } from '../io/files/file-limits.ts';

const MiB = 1024 * 1024;

/** Registries refuse larger manifests, so a larger one was not made by one. */
export const maxManifestBytes = 4 * MiB;
/** Far above any tag list page or token answer that was seen. */
export const maxTagPageBytes = 4 * MiB;
export const maxTokenBytes = 128 * 1024;
/** Enough for a registry's explanation; a proxy's HTML page is cut. */
export const maxErrorBytes = 64 * 1024;
/** An archive that is gzip is unpacked in memory: two of the largest modules, which no filter's archive has. */
export const maxUnpackedArchiveBytes = 2 * maxModuleBytes;
/** README, spec, icon, runtime-config: no honest one is larger. */
export const maxDocumentBytes = MiB;
/** A blob of a filter image is a module, packed or not, or smaller; images of other kinds are moved too. */
export const maxBlobBytes = 1024 * MiB;
/** Real images have under 20 layers; Spin documents 500. */
export const maxLayers = 500;
/** Children of an index; real ones have one per platform. */
export const maxIndexChildren = 100;
/** An index inside an index inside … : nobody nests deeper than this. */
export const maxIndexDepth = 4;
/** What refers to one image, at any remove: signatures, SBOMs, attestations of every build step. */
export const maxReferrers = 1000;
/** index.json of a layout folder: about a hundred thousand images. */
export const maxLayoutIndexBytes = 64 * MiB;
