/** The client of a suite in front of a real Envoy: sends the request of a case and returns the response. */
import { request as httpRequest } from 'node:http';
import type { HeaderEntry } from '../../host/http/header-map.ts';
import { type Chunking, bodyChunks, headerEntries } from '../message.ts';
import type { ObservedMessage } from '../outcome.ts';
import type { Request } from '../file/schema.ts';
import { pauseAfterChunk } from './chunk-pause.ts';
import { messageOf } from './fake-upstream.ts';

/** Returns undefined when the stream is reset or no complete response comes in time. */
export async function sendRequest(
  port: number,
  request: Request,
  cut: Chunking,
  patienceMs: number,
  signal: AbortSignal,
): Promise<ObservedMessage | undefined> {
  const chunks = bodyChunks(request, cut);
  const headers: HeaderEntry[] = [
    ['host', request.authority ?? 'suite.example'],
    ...headerEntries(request.headers),
    ['x-request-id', '00000000-0000-4000-8000-000000000000'],
  ];
  const trailers = headerEntries(request.trailers);
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    agent: false,
    setHost: false,
    method: request.method ?? (chunks.length > 0 ? 'POST' : 'GET'),
    path: request.path ?? '/',
    headers: headers.flat(),
    signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
  });
  const answer = new Promise<ObservedMessage>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', response => {
      const received: Buffer[] = [];
      response.on('data', (chunk: Buffer) => received.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve(messageOf([[':status', String(response.statusCode)]], response, received)),
      );
    });
  }).catch(() => undefined);
  if (chunks.length > 0 || trailers.length > 0) outgoing.flushHeaders();
  for (const chunk of chunks) {
    outgoing.write(chunk);
    await pauseAfterChunk(request);
  }
  if (trailers.length > 0)
    outgoing.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
  outgoing.end();
  return answer;
}
