/** A proxy between a client and a registry that does to the traffic what networks, proxies and bad servers do. */
import { type IncomingMessage, type ServerResponse, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One thing that goes wrong. `times`: with the first so many requests it fits. */
export type Fault =
  /** Ends the connection after this share of the response's (or, for uploads, the request's) body. */
  | { readonly kind: 'cut'; readonly share: number; readonly times: number }
  | { readonly kind: 'status'; readonly status: number; readonly times: number; readonly retryAfter?: string }
  /** Flips a byte of each blob that passes down. */
  | { readonly kind: 'flip'; readonly times: number }
  /** Announces a shorter body and sends that. */
  | { readonly kind: 'short'; readonly times: number }
  /** Passes bodies on in small pieces with pauses, in both directions. */
  | { readonly kind: 'slow'; readonly times: number }
  | { readonly kind: 'loop'; readonly times: number }
  /** Accepts the connection and closes it. */
  | { readonly kind: 'refuse'; readonly times: number };

export interface FaultProxy {
  readonly host: string;
  /** Requests that a fault was done to. */
  hits: number;
}

/** @param matches which requests the fault is for: `PUT /v2/a/blobs/uploads/…`. */
export async function faultProxy(upstream: string, fault: Fault, matches: RegExp): Promise<FaultProxy> {
  let left = fault.times;
  const proxy: { host: string; hits: number } = { host: '', hits: 0 };
  const server = createServer((request, response) => {
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    const isHit = left > 0 && matches.test(line);
    if (isHit) {
      left--;
      proxy.hits++;
    }
    pass(request, response, isHit ? fault : undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  proxy.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;

  function pass(request: IncomingMessage, response: ServerResponse, hit: Fault | undefined): void {
    if (hit?.kind === 'refuse') return void request.socket.destroy();
    if (hit?.kind === 'loop') return void response.writeHead(307, { location: request.url ?? '/' }).end();
    if (hit?.kind === 'status') {
      request.resume();
      const headers = hit.retryAfter === undefined ? {} : { 'retry-after': hit.retryAfter };
      return void request.on('end', () => response.writeHead(hit.status, headers).end('fault'));
    }
    const [host = '', port = ''] = upstream.split(':');
    const headers = { ...request.headers, host: proxy.host };
    const out = forward({ host, port, method: request.method, path: request.url, headers }, answer => {
      down(request, answer, response, hit);
    });
    out.on('error', () => request.socket.destroy());
    const uploadSize = Number(request.headers['content-length'] ?? 0);
    if (hit?.kind === 'slow') return void slowly(request, out);
    if (hit?.kind === 'cut' && uploadSize > 0) return cutUpload(request, out, hit.share * uploadSize);
    request.pipe(out);
  }
}

interface Sink {
  write(chunk: Buffer): unknown;
  end(): unknown;
}

async function slowly(from: AsyncIterable<Buffer>, to: Sink): Promise<void> {
  for await (const chunk of from) await writeSlowly(chunk, to);
  to.end();
}

/** Never faster than 16 kB in 2 ms: a timer alone may fire early, by the clock it cannot. */
async function writeSlowly(chunk: Buffer, to: Sink): Promise<void> {
  for (let at = 0; at < chunk.length; at += 16_384) {
    const next = performance.now() + 2;
    to.write(chunk.subarray(at, at + 16_384));
    while (performance.now() < next) await new Promise(resolve => setTimeout(resolve, 2));
  }
}

function cutUpload(request: IncomingMessage, out: ReturnType<typeof forward>, limit: number): void {
  let seen = 0;
  request.on('data', (chunk: Buffer) => {
    seen += chunk.length;
    if (seen < limit) return void out.write(chunk);
    out.destroy();
    request.socket.destroy();
  });
}

function down(
  request: IncomingMessage,
  answer: IncomingMessage,
  response: ServerResponse,
  hit: Fault | undefined,
): void {
  const size = Number(answer.headers['content-length'] ?? 0);
  const isBlob = request.method === 'GET' && /\/blobs\/sha256/.test(request.url ?? '');
  const headers = { ...answer.headers };
  if (hit?.kind === 'short' && isBlob) headers['content-length'] = String(Math.floor(size / 2));
  response.writeHead(answer.statusCode ?? 502, headers);
  const limit =
    hit?.kind === 'cut'
      ? hit.share * size
      : hit?.kind === 'short' && isBlob
        ? Math.floor(size / 2)
        : Infinity;
  let seen = 0;
  void (async () => {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      const chunk = Buffer.from(piece);
      if (hit?.kind === 'flip' && isBlob && seen === 0) chunk[chunk.length >> 1]! ^= 1;
      const rest = Math.max(0, Math.floor(limit - seen));
      seen += chunk.length;
      if (hit?.kind === 'slow') await writeSlowly(chunk, response);
      else if (rest > 0) response.write(chunk.subarray(0, rest));
      if (hit?.kind === 'cut' && seen >= limit) {
        // What was written goes out first: the client has to have a part.
        await new Promise(resolve => setTimeout(resolve, 5));
        return void response.destroy();
      }
    }
    response.end();
  })().catch(() => response.destroy());
}
