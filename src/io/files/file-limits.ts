/** Limits, in bytes, for reading local files, pipes and standard input, each with its reason. */

const MiB = 1024 * 1024;

/** Istio and Envoy Gateway load no larger module; also the cap for an unpacked layer (a decompression bomb). */
export const maxModuleBytes = 256 * MiB;
/** Local files that no other limit names, modules above all: not less than `maxModuleBytes`. */
export const maxFileBytes = 256 * MiB;
/** Archives on standard input, which are kept on disk: an image of the largest blob, and room for others beside it. */
export const maxArchiveBytes = 4096 * MiB;
/** Files that are parsed with positions: the parser takes up to 250 bytes for each byte of a dense file. */
export const maxParsedBytes = 4 * MiB;
/** Other texts (configuration, credentials, logs): above everything that was seen, and parsed in a moment. */
export const maxTextBytes = 16 * MiB;
/** Keys and certificates; a bundle of every public authority has 250 kB. */
export const maxKeyBytes = 4 * MiB;
