/** Turns findings into the error with which every verb refuses a module, in one wording. */
import { WasmeError } from '../../errors.ts';
import type { Finding } from './module-findings.ts';

/** Names the host that refuses, as `istio@1.30`, and the module as the user knows it. */
export interface Refusal {
  readonly host: string;
  readonly name: string;
}

/**
 * Fails with WASM_ABI when one of the findings is an error; `details.findings` has them all. The message names the host and every
 * reason; without `refusal` it is the first reason in Envoy's own words, for a host that is Envoy itself.
 */
export function requireLoadable(findings: readonly Finding[], refusal?: Refusal): void {
  const errors = findings.filter(({ level }) => level === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const message =
    refusal === undefined ? first.message : refusalText(refusal, ...errors.map(error => error.message));
  throw new WasmeError('WASM_ABI', message, { hint: first.repair, details: { findings } });
}

/** Returns the message of a refusal: with the only reason on the same line, with several reasons on a line each. */
export function refusalText({ host, name }: Refusal, ...reasons: string[]): string {
  const start = `${host} would not load ${name}:`;
  return reasons.length === 1 ? `${start} ${reasons[0]}` : [start, ...reasons].join('\n  ');
}
