/**
 * Load scenarios: an Envoy of its own for each, so that a module may be refused and everything that was logged belongs
 * to it, from the start of the filters to their end.
 */
import { compileProbe } from '../guests/probe/compile.ts';
import type { Script } from '../guests/probe/script.ts';
import type { AnswerSpec, FilterSpec, RequestSpec } from './scenario.ts';

export interface LoadScenario {
  /** Unique; a DNS-like name. */
  readonly id: string;
  /** Checklist rows it shows, e.g. `L5`. */
  readonly rows: readonly string[];
  /** The chain, in order: modules, or scripts for the probe. */
  readonly filters: readonly LoadedFilter[];
  /** Default: one plain GET. */
  readonly requests?: readonly RequestSpec[];
  /** Clusters for call-outs by name. */
  readonly clusters?: Readonly<Record<string, AnswerSpec>>;
  /** Wait this long after the last request. */
  readonly settleMs?: number;
  /** After the requests the first filter is taken out of the chain, and this long is waited for what comes then. */
  readonly removedForMs?: number;
}

export type LoadedFilter = Omit<FilterSpec, 'script'> & { readonly code: Uint8Array | Script };

export interface LoadOutcome {
  /** Why it was not loaded: Envoy's sentence, or everything that we say. */
  readonly refused: string;
  readonly statuses: readonly number[];
  /** Logs and failures of guests until the first request: each once, as a start runs more than once in Envoy. */
  readonly startLogs: readonly string[];
  readonly logs: readonly string[];
  /** Logs after a filter was removed, and at the end: each once, as Envoy's threads have a VM each. */
  readonly endLogs: readonly string[];
}

/** Slower: what is logged late on a busy machine, and answers that must not come before a filter is gone. */
export function loadAtPace(scenario: LoadScenario, pace: number): LoadScenario {
  const { clusters = {}, settleMs = 150, removedForMs } = scenario;
  const slower = (answer: AnswerSpec): AnswerSpec =>
    answer.delayMs === undefined ? answer : { ...answer, delayMs: answer.delayMs * pace };
  return {
    ...scenario,
    clusters: Object.fromEntries(Object.entries(clusters).map(([name, one]) => [name, slower(one)])),
    settleMs: settleMs * pace,
    ...(removedForMs !== undefined && { removedForMs: removedForMs * pace }),
  };
}

export function codeOf({ code }: LoadedFilter): Uint8Array {
  return code instanceof Uint8Array ? code : compileProbe(code);
}

/** Ports masked, names without the scenario's. */
export function plainLines({ id }: LoadScenario, lines: readonly string[]): string[] {
  return lines.map(line => line.replaceAll(`${id}.`, '').replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:*'));
}

export function once(lines: readonly string[]): string[] {
  return [...new Set(lines)];
}
