/** An upstream that answers as a scenario says and remembers what it received. */
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerSpec } from './scenario.ts';
import { type RequestSeen, maskText, seenHeaders } from './outcome.ts';

export interface TestUpstream {
  readonly port: number;
  readonly seen: RequestSeen[];
  close(): Promise<void>;
}

/** `answer` may depend on the request's path. */
export async function startUpstream(
  answer: AnswerSpec | ((path: string, headers: IncomingHttpHeaders) => AnswerSpec) = {},
): Promise<TestUpstream> {
  const seen: RequestSeen[] = [];
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const chosen = typeof answer === 'function' ? answer(request.url ?? '', request.headers) : answer;
    void exchange(request, response, chosen, seen).catch(() => undefined);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  answer: AnswerSpec,
  seen: RequestSeen[],
): Promise<void> {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const slot = seen.length;
  const record = (end: RequestSeen['end'], body: string): void => {
    seen[slot] = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: seenHeaders(request.rawHeaders),
      body: maskText(body),
      trailers: seenHeaders(request.rawTrailers),
      end,
    };
  };
  record('cut', '');
  let body = '';
  const received = (async () => {
    try {
      for await (const chunk of request) {
        body += (chunk as Buffer).toString('latin1');
        record('cut', body);
      }
      record('complete', body);
    } catch {
      record('cut', body);
    }
  })();
  if (answer.delayMs) await sleep(answer.delayMs);
  if (answer.reset === 'before') {
    await Promise.race([received, sleep(300)]);
    request.socket.destroy();
    return;
  }
  await Promise.race([received, sleep(answer.delayMs === undefined ? 2_000 : 300)]);
  const chunks = answer.body ?? [];
  const headers: string[] = (answer.headers ?? []).flatMap(pair => [...pair]);
  if (answer.withLength) headers.push('content-length', String(chunks.join('').length));
  response.sendDate = false;
  if (answer.untilClose) response.useChunkedEncodingByDefault = false;
  response.writeHead(answer.status ?? 200, headers);
  if (chunks.length === 0 && !answer.trailers && !answer.reset) {
    response.end();
    return;
  }
  response.flushHeaders();
  for (const chunk of chunks) {
    response.write(Buffer.from(chunk, 'latin1'));
    await sleep(answer.gapMs ?? 40);
  }
  if (answer.reset !== undefined) {
    await sleep(40);
    if (answer.reset === 'after-head') request.socket.destroy();
    else request.socket.resetAndDestroy();
    return;
  }
  if (answer.trailers)
    response.addTrailers(answer.trailers.map(([name, value]): [string, string] => [name, value]));
  response.end();
}
