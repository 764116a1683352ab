/**
 * Scenarios at a slower pace, and played again: a busy machine joins what comes close together, in Envoy as here. What
 * guests themselves count (time limits of calls, ticks, back-off) stays.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { NetworkScenario } from './network.ts';
import type { Move } from './peer.ts';
import { plain } from './recording.ts';
import type { AnswerSpec, RequestSpec, Scenario } from './scenario.ts';

/**
 * The second and third try of a test are slower. To do without them, the scenarios would have to hand the proxy's codecs each
 * write as one read, by a transport in this process instead of sockets: TCP may join two writes, however long the gap is.
 * Below 3.3: no answer of 300 ms may come after the second that guests wait for it.
 */
const slow = 2.5;
const paces = [1, slow, slow];
const [gapMs, settleMs] = [40, 150];
/** Limits the wait for log lines that come after the answer, if the expected outcome is known. */
const patienceMs = 5_000;

/** For the n-th try of a test, from 0. */
export function paceOf(tries: number): number {
  return paces[tries] ?? slow;
}

export function atPace(scenario: Scenario, pace: number): Scenario {
  const { requests, upstream = {}, clusters = {}, settleMs: settle = settleMs } = scenario;
  const slowRequest = (request: RequestSpec): RequestSpec => ({
    ...request,
    gapMs: (request.gapMs ?? gapMs) * pace,
    ...(request.delayMs !== undefined && { delayMs: request.delayMs * pace }),
    ...(request.abortAfterMs !== undefined && { abortAfterMs: request.abortAfterMs * pace }),
  });
  const slowAnswer = (answer: AnswerSpec): AnswerSpec => ({
    ...answer,
    gapMs: (answer.gapMs ?? gapMs) * pace,
    ...(answer.delayMs !== undefined && { delayMs: answer.delayMs * pace }),
  });
  return {
    ...scenario,
    requests: requests.map(slowRequest),
    upstream: slowAnswer(upstream),
    clusters: Object.fromEntries(Object.entries(clusters).map(([name, one]) => [name, slowAnswer(one)])),
    settleMs: settle * pace,
  };
}

export function networkAtPace(scenario: NetworkScenario, pace: number): NetworkScenario {
  const { clients = [], upstream, settleMs: settle = settleMs } = scenario;
  const slower = (moves: readonly Move[]): Move[] =>
    moves.map(move => (typeof move === 'object' && 'wait' in move ? { wait: move.wait * pace } : move));
  return {
    ...scenario,
    clients: clients.map(slower),
    ...(typeof upstream === 'object' && { upstream: slower(upstream) }),
    settleMs: settle * pace,
    pace,
  };
}

/** Returns what `look` sees after `quietMs`; if `expected` is known, looks again until both are equal, up to `patienceMs`. */
export async function settled<T extends object>(
  look: () => T | Promise<T>,
  quietMs: number | undefined,
  expected: unknown,
): Promise<T> {
  await sleep(quietMs ?? settleMs);
  const deadline = performance.now() + (expected === undefined ? 0 : patienceMs);
  for (;;) {
    const seen = await look();
    if (performance.now() >= deadline || isDeepStrictEqual(plain(seen), expected)) return seen;
    await sleep(50);
  }
}

/** Outcomes by id. What does not come out as it was recorded is played again, slowly: up to two times. */
export async function playAll<S extends { readonly id: string }, O extends object>(
  scenarios: readonly S[],
  recorded: Readonly<Record<string, unknown>>,
  play: (scenarios: readonly S[], pace: number) => Promise<ReadonlyMap<string, O>>,
): Promise<Map<string, O>> {
  const outcomes = new Map<string, O>();
  let open = scenarios;
  for (const pace of paces) {
    for (const [id, outcome] of await play(open, pace)) outcomes.set(id, outcome);
    open = open.filter(({ id }) => !isDeepStrictEqual(plain(outcomes.get(id) ?? {}), recorded[id]));
    if (open.length === 0) break;
  }
  return outcomes;
}
