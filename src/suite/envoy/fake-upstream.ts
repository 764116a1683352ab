/** A real server in the place of the upstream or a cluster of a suite: answers as the suite says, and reports each request. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { type HeaderEntry, HeaderMap } from '../../host/http/header-map.ts';
import { closeNow, listen } from '../../io/http/listen.ts';
import { type Chunking, bodyChunks, headerEntries, observed } from '../message.ts';
import type { ObservedMessage } from '../outcome.ts';
import type { Answer, Callout } from '../file/schema.ts';
import { pauseAfterChunk } from './chunk-pause.ts';

export interface FakeUpstream {
  readonly port: number;
  close(): Promise<void>;
}

/** Headers of one connection, which filters and upstreams do not see. */
const hops = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding']);

/** Gives the answers one after the other, then the last one to every request. `onRequest` gets each complete request. */
export async function startFakeUpstream(
  answers: readonly Callout[],
  cut: Chunking,
  onRequest: (request: ObservedMessage) => void,
): Promise<FakeUpstream> {
  let asked = 0;
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? {};
    take(request)
      .then(async message => {
        onRequest(message);
        if (!('fails' in answer)) await respond(response, answer, cut);
        // One that is to time out is never answered.
        else if (answer.fails !== 'timeout') response.destroy();
      })
      .catch(() => response.destroy());
  });
  return { port: await listen(server, '127.0.0.1', 0), close: () => closeNow(server) };
}

/** Returns a port on which no server listens. */
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

/** Returns a message from a socket as suites compare it. */
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

async function respond(response: ServerResponse, answer: Answer, cut: Chunking): Promise<void> {
  const trailers = headerEntries(answer.trailers);
  response.sendDate = false;
  response.writeHead(answer.status ?? 200, headerEntries(answer.headers).flat());
  const chunks = bodyChunks(answer, cut);
  if (chunks.length > 0) response.flushHeaders();
  for (const chunk of chunks) {
    response.write(chunk);
    await pauseAfterChunk(answer);
  }
  if (trailers.length > 0)
    response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  response.end();
}
