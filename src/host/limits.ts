/** Every cap of the host, with its reason. Envoy's numbers where Envoy has one. */

/** The largest map that a guest may pass. Envoy: 1 MiB and 1024 pairs; a larger one counts as empty. */
export const maxPairsBytes = 1024 * 1024;
export const maxPairs = 1024;

/** One `random_get`. Envoy: 64 KiB, so that a guest cannot drain the generator in one call. */
export const maxRandomBytes = 65_536;

/** Buffered body of one direction of a stream. Envoy's default of per_connection_buffer_limit_bytes. */
export const defaultBufferLimitBytes = 1024 * 1024;

/** Frames of a backtrace that are printed, as in Envoy. */
export const maxBacktraceFrames = 20;

/**
 * Actions a guest may queue in one callback (continue, close, local reply). Envoy has no cap; this one keeps a guest
 * that queues in a loop from filling the heap, and is far above what a filter can mean.
 */
export const maxQueuedActions = 10_000;

/**
 * The largest result of the foreign function `uncompress`. Envoy has no cap; a few kilobytes of input could ask for gigabytes here,
 * and a result that large does not fit beside anything else in a guest.
 */
export const maxInflatedBytes = 256 * 1024 * 1024;

/** Input of one step of inflating: at most about 16 MiB come out of it before the cap is checked. */
export const inflateSliceBytes = 16 * 1024;

/** Characters of an expression. Envoy's parser: the same. */
export const maxExpressionLength = 100_000;

/** Limits the nesting of expressions, as Envoy's parser does; it keeps both from overflowing the stack. */
export const maxExpressionDepth = 32;

/** Steps of all folds (`all`, `exists`, `map` …) of one evaluation. Envoy: the same. */
export const maxExpressionSteps = 10_000;

/** Instructions of a regular expression. RE2's 8 MiB for a pattern have room for 400,000 and not for a million. */
export const maxPatternInstructions = 500_000;

/** Text of all expressions that a root keeps. Envoy has no cap; a guest that creates in a loop would fill the heap. */
export const maxKeptExpressionBytes = 4 * 1024 * 1024;

/**
 * Items of all lists and maps that one evaluation makes. Envoy has no cap; with the steps and the length alone an expression
 * could make half a billion.
 */
export const maxExpressionItems = 1_000_000;

/** A result as the guest gets it, and any text on the way. Envoy has no cap; a short expression could double it without end. */
export const maxExpressionResultBytes = 64 * 1024 * 1024;
