/** Simulates one case: a filter of its own in a simulated environment, one request, and what came of it. */
import { WasmeError } from '../../errors.ts';
import { displayText } from '../../host/encoding/bytes.ts';
import { HeaderMap } from '../../host/http/header-map.ts';
import {
  HttpStreamDriver,
  LocalMetrics,
  type LogLine,
  MetricType,
  SimulatedEnvironment,
  createHost,
} from '../../host/index.ts';
import type { HostProfile } from '../../host/profiles.ts';
import { type Message, type RecordedMessage, requestHead } from '../../host/testing/message.ts';
import { nodeSignatures } from '../../proxy/signature-provider.ts';
import type { Answer, Case, Request } from '../file/schema.ts';
import { type Chunking, bodyChunks, headerEntries, observed } from '../message.ts';
import type { CaseOutcome, ObservedMessage } from '../outcome.ts';
import { CalloutAnswers } from './callout-answers.ts';

export interface SimulateCaseOptions {
  /** Plugin name. */
  readonly name: string;
  readonly module: Uint8Array;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  readonly profile: HostProfile;
  /** Decides how bodies are cut. */
  readonly cut: Chunking;
}

export interface SimulatedCase {
  readonly outcome: CaseOutcome;
  /** Why the filter did not start: it refused its configuration or trapped. No request was sent then. */
  readonly refusal: string | undefined;
  /** The filter never let the stream come to its end. */
  readonly isStuck: boolean;
  /** Why the filter trapped; undefined when it did not. */
  readonly trap: string | undefined;
  /** Log lines of the filter and of the host about it. */
  readonly logs: readonly LogLine[];
}

/** A stream that has not moved for this long of virtual time will never move. */
const patienceMs = 60_000;

/** Fails with WASM_INVALID or WASM_ABI when the module cannot be loaded with any configuration. */
export async function simulateCase(testCase: Case, options: SimulateCaseOptions): Promise<SimulatedCase> {
  const { name, rootId, configuration, profile, cut } = options;
  const { request = {}, upstream: answer = {}, advanceMs } = testCase;
  const logs: LogLine[] = [];
  const callouts = new CalloutAnswers(testCase.callouts ?? {});
  const environment = new SimulatedEnvironment({
    clusters: callouts.clusters,
    connectionOf: callouts.connectionOf,
    onHttpCall: call => callouts.answer(call, (delayMs, step) => environment.schedule(delayMs, step)),
    onLog: ({ level, message, source }) => logs.push({ level, text: displayText(message), source }),
    signatures: nodeSignatures,
  });
  const metrics = new LocalMetrics();
  const host = createHost({ environment, profile, metrics, logLevel: () => 0 });
  const plugin = await host
    .loadPlugin(options.module, { name, rootId, configuration })
    .catch((error: unknown) => asRefusal(error));
  if (typeof plugin === 'string') {
    const outcome = outcomeOf(undefined, callouts, logs, metrics);
    host.close();
    return { outcome, refusal: plugin, isStuck: false, trap: undefined, logs };
  }
  // One part of a message each virtual millisecond, the first one now.
  const play = ([first, ...rest]: readonly (() => void)[]): void => {
    first?.();
    rest.forEach((step, index) => void environment.schedule(index + 1, step));
  };
  const stream = new HttpStreamDriver(host.httpChain([plugin]), environment, {
    record: true,
    onRequestEnd: () => environment.schedule(1, () => play(stream.responseSteps(answerMessage(answer, cut)))),
  });
  play(stream.requestSteps(requestMessage(request, cut)));
  environment.advanceUntil(() => stream.over, patienceMs);
  const isStuck = !stream.over;
  if (advanceMs !== undefined) environment.advance(advanceMs);
  stream.disconnectClient();
  const outcome = outcomeOf(stream, callouts, logs, metrics);
  host.close();
  return { outcome, refusal: undefined, isStuck, trap: plugin.failure, logs };
}

function asRefusal(error: unknown): string {
  if (error instanceof WasmeError && error.code === 'WASM_START') return error.message;
  throw error;
}

function requestMessage(request: Request, cut: Chunking): Message {
  const { authority = 'suite.example', path, scheme } = request;
  const rest = restOf(request, cut);
  const method = request.method ?? (rest.chunks === undefined ? 'GET' : 'POST');
  return {
    headers: requestHead({ method, path, authority, scheme }, headerEntries(request.headers)),
    ...rest,
  };
}

function answerMessage(answer: Answer, cut: Chunking): Message {
  const status = String(answer.status ?? 200);
  const headers = new HeaderMap([[':status', status], ...headerEntries(answer.headers)]);
  return { headers, ...restOf(answer, cut) };
}

function restOf(message: Answer, cut: Chunking): Omit<Message, 'headers'> {
  const chunks = bodyChunks(message, cut);
  const trailers = headerEntries(message.trailers);
  return {
    chunks: chunks.length === 0 ? undefined : chunks,
    trailers: trailers.length === 0 ? undefined : new HeaderMap(trailers),
  };
}

function outcomeOf(
  stream: HttpStreamDriver | undefined,
  callouts: CalloutAnswers,
  logs: readonly Omit<LogLine, 'level'>[],
  metrics: LocalMetrics,
): CaseOutcome {
  return {
    upstream: seen(stream?.upstream),
    response: stream?.responseEnded ? seen(stream.downstream) : undefined,
    details: stream?.info.responseCodeDetails,
    logs: logs.filter(({ source }) => source === 'guest').map(({ text }) => text),
    metrics: new Map(
      metrics
        .list()
        .map(metric => [
          metric.name,
          metric.type === MetricType.Histogram ? metric.count : Number(metric.value()),
        ]),
    ),
    callouts: callouts.seen.map(({ cluster, headers, body }) => ({
      cluster,
      request: observed(headers, [body], undefined),
    })),
  };
}

function seen(message: RecordedMessage | undefined): ObservedMessage | undefined {
  return message?.headers && observed(message.headers, message.chunks, message.trailers);
}
