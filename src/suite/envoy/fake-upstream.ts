/** A real server that plays the upstream or a cluster of a suite: answers as the suite says, and keeps what it received. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type HeaderEntry, HeaderMap } from '../../host/http/header-map.ts';
import { closeNow, listen } from '../../io/http/listen.ts';
import { type Chunking, bodyChunks, headerEntries, observed } from '../message.ts';
import type { ObservedMessage } from '../outcome.ts';
import type { Answer, Callout } from '../file/schema.ts';

export interface FakeUpstream {
  readonly port: number;
  close(): Promise<void>;
}

/** Of one connection only: a filter and an upstream do not see them. */
const hops = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding']);

/** Answers one after the other, the last one again and again. `onRequest` gets each request when it is complete. */
export async function startFakeUpstream(
  answers: readonly Callout[],
  cut: Chunking,
  onRequest: (request: ObservedMessage) => void,
): Promise<FakeUpstream> {
  let asked = 0;
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? {};
    take(request)
      .then(message => {
        onRequest(message);
        if (!('fails' in answer)) respond(response, answer, cut);
        // One that is to time out is never answered.
        else if (answer.fails !== 'timeout') response.destroy();
      })
      .catch(() => response.destroy());
  });
  return { port: await listen(server, '127.0.0.1', 0), close: () => closeNow(server) };
}

/** A port where nobody listens. */
export async function freePort(): Promise<number> {
  const peer = await startFakeUpstream([], 'whole', () => undefined);
  await peer.close();
  return peer.port;
}

async function take(request: IncomingMessage): Promise<ObservedMessage> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const pseudo: HeaderEntry[] = [
    [':method', request.method ?? ''],
    [':path', request.url ?? ''],
    [':authority', request.headers.host ?? ''],
  ];
  return messageOf(pseudo, request, chunks);
}

/** What came over a socket, as the suite compares it. */
export function messageOf(
  pseudo: readonly HeaderEntry[],
  { rawHeaders, rawTrailers }: Pick<IncomingMessage, 'rawHeaders' | 'rawTrailers'>,
  chunks: readonly Uint8Array[],
): ObservedMessage {
  const headers = entriesOf(rawHeaders).filter(([name]) => !hops.has(name));
  const trailers = entriesOf(rawTrailers);
  return observed(new HeaderMap([...pseudo, ...headers]), chunks, new HeaderMap(trailers));
}

function entriesOf(raw: readonly string[]): HeaderEntry[] {
  const entries: HeaderEntry[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    entries.push([(raw[at] ?? '').toLowerCase(), raw[at + 1] ?? '']);
  }
  return entries;
}

function respond(response: ServerResponse, answer: Answer, cut: Chunking): void {
  const trailers = headerEntries(answer.trailers);
  response.sendDate = false;
  response.writeHead(answer.status ?? 200, headerEntries(answer.headers).flat());
  for (const chunk of bodyChunks(answer, cut)) response.write(chunk);
  if (trailers.length > 0)
    response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  response.end();
}
