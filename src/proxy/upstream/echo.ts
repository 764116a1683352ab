/** The built-in upstream: answers with what it received, so that a filter's work on a request can be seen with curl. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { closeNow, listen } from '../../io/http/listen.ts';

export interface EchoServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Declares the JSON answer of the echo upstream. */
export interface EchoAnswer {
  readonly method: string;
  readonly path: string;
  /** In the order they came; a name that came more than once has a list. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Text, or base64 with `bodyEncoding: "base64"` when it is not UTF-8. */
  readonly body: string;
  readonly bodyEncoding?: 'base64';
  /** Bytes received; more than `body` holds when it was cut. */
  readonly bodyBytes: number;
  readonly trailers?: Readonly<Record<string, string | readonly string[]>>;
}

/** More than this of a body is counted but not sent back. */
const maxEchoBytes = 1024 * 1024;

/** Starts the echo upstream on a free loopback port. */
export async function startEcho(): Promise<EchoServer> {
  const server = createServer({ keepAliveTimeout: 0, maxHeaderSize: 128 * 1024 }, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const port = await listen(server, '127.0.0.1', 0);
  return {
    port,
    close: () => closeNow(server),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const kept: Buffer[] = [];
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (bodyBytes < maxEchoBytes) kept.push(chunk.subarray(0, maxEchoBytes - bodyBytes));
    bodyBytes += chunk.length;
  }
  const trailers = grouped(request.rawTrailers);
  const echo: EchoAnswer = {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: grouped(request.rawHeaders),
    ...bodyOf(Buffer.concat(kept)),
    bodyBytes,
    ...(Object.keys(trailers).length === 0 ? {} : { trailers }),
  };
  const text = `${JSON.stringify(echo, undefined, 2)}\n`;
  response.sendDate = false;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function bodyOf(bytes: Buffer): Pick<EchoAnswer, 'body' | 'bodyEncoding'> {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { body: bytes.toString('base64'), bodyEncoding: 'base64' };
  }
}

function grouped(raw: readonly string[]): Record<string, string | string[]> {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] =
      before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return headers;
}
