/** Answers the call-outs of a case as its suite says, per cluster one answer for each call in order, and records the calls. */
import type { HeaderMap } from '../../host/http/header-map.ts';
import type { PendingCall, SimulatedConnection } from '../../host/testing/simulated-call.ts';
import type { HttpCallRequest } from '../../host/types.ts';
import type { Callout } from '../file/schema.ts';
import { bodyChunks, headerEntries } from '../message.ts';

/** The delay of an answer in milliseconds of virtual time. */
const answerAfterMs = 1;

export class CalloutAnswers {
  /** The calls that a peer received or refused. */
  readonly seen: { readonly cluster: string; readonly headers: HeaderMap; readonly body: Uint8Array }[] = [];
  readonly #answers: ReadonlyMap<string, readonly Callout[]>;
  readonly #asked = new Map<string, number>();

  constructor(answers: Readonly<Record<string, Callout | readonly Callout[]>>) {
    this.#answers = new Map(Object.entries(answers).map(([name, given]) => [name, [given].flat()]));
  }

  get clusters(): { has(name: string): boolean } {
    return this.#answers;
  }

  readonly connectionOf = (request: HttpCallRequest): SimulatedConnection => {
    const answer = this.#next(request.cluster);
    if (answer === undefined || !('fails' in answer)) return 'open';
    if (answer.fails !== 'refused' && answer.fails !== 'unavailable') return 'open';
    this.#take(request, answer.fails === 'refused');
    return answer.fails;
  };

  /** Answers through `schedule`; a call that times out is not answered at all. */
  answer(call: PendingCall, schedule: (delayMs: number, callback: () => void) => void): void {
    const answer = this.#next(call.request.cluster);
    this.#take(call.request, true);
    if (answer === undefined || !('fails' in answer)) {
      const { status = 200, headers, trailers } = answer ?? {};
      const [body] = bodyChunks(answer ?? {}, 'whole');
      schedule(answerAfterMs, () =>
        call.respond(status, headerEntries(headers), body, headerEntries(trailers)),
      );
    } else if (answer.fails === 'reset') schedule(answerAfterMs, () => call.fail());
  }

  /** The last answer serves all calls after it. */
  #next(cluster: string): Callout | undefined {
    const answers = this.#answers.get(cluster) ?? [];
    return answers[Math.min(this.#asked.get(cluster) ?? 0, answers.length - 1)];
  }

  #take({ cluster, headers, body }: HttpCallRequest, isSeen: boolean): void {
    this.#asked.set(cluster, (this.#asked.get(cluster) ?? 0) + 1);
    if (isSeen) this.seen.push({ cluster, headers, body });
  }
}
