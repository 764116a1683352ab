/** The client of a scenario: one request on a connection of its own, and all that came back. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestSpec } from './scenario.ts';
import { type ResponseSeen, maskText, seenHeaders } from './outcome.ts';

/** For what hangs: a scenario whose response stays open says when its client has waited enough. */
const patienceMs = 30_000;

export async function send(port: number, spec: RequestSpec): Promise<ResponseSeen> {
  if (spec.delayMs) await sleep(spec.delayMs);
  const chunks = spec.body ?? [];
  const headers: string[] = ['host', 'scenario.example', ...(spec.headers ?? []).flatMap(pair => [...pair])];
  if (chunks.length > 0 || spec.trailers) {
    if (spec.withLength) headers.push('content-length', String(chunks.join('').length));
    else headers.push('transfer-encoding', 'chunked');
  }
  const method = spec.method ?? (chunks.length > 0 || spec.trailers ? 'POST' : 'GET');
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    method,
    path: spec.path ?? '/',
    headers,
    agent: false,
  });
  request.setNoDelay(true);
  const result = new Promise<ResponseSeen>(resolve => collect(request, spec, resolve));
  void writeBody(request, spec).catch(() => undefined);
  return result;
}

function collect(
  request: ReturnType<typeof httpRequest>,
  spec: RequestSpec,
  resolve: (seen: ResponseSeen) => void,
): void {
  let response: IncomingMessage | undefined;
  let body = '';
  let finished = false;
  const finish = (end: ResponseSeen['end']): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    resolve({
      status: response?.statusCode ?? 0,
      headers: seenHeaders(response?.rawHeaders ?? []),
      body: maskText(body.length > 2_000 ? `${body.slice(0, 100)}… ${body.length} bytes` : body),
      trailers: seenHeaders(response?.rawTrailers ?? []),
      end,
    });
    request.destroy();
  };
  const timer = setTimeout(() => finish('open'), spec.abortAfterMs ?? patienceMs);
  request.on('error', () => finish(response ? 'cut' : 'none'));
  request.on('response', message => {
    response = message;
    message.setEncoding('latin1');
    message.on('data', (chunk: string) => (body += chunk));
    message.on('end', () => finish(message.complete ? 'complete' : 'cut'));
    message.on('error', () => finish('cut'));
    message.on('close', () => finish(message.complete ? 'complete' : 'cut'));
  });
}

async function writeBody(request: ReturnType<typeof httpRequest>, spec: RequestSpec): Promise<void> {
  request.flushHeaders();
  for (const chunk of spec.body ?? []) {
    await sleep(spec.gapMs ?? 40);
    request.write(Buffer.from(chunk, 'latin1'));
  }
  if ((spec.body?.length ?? 0) > 0 || spec.trailers) await sleep(spec.gapMs ?? 40);
  if (spec.trailers)
    request.addTrailers(spec.trailers.map(([name, value]): [string, string] => [name, value]));
  request.end();
}
