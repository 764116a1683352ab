/** One request over node:http, and the head of its response. Streams the body up; knows nothing of retries and redirects. */
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { WasmeError } from '../errors.ts';
import { type Route, connectTimeoutMs } from './http-agent.ts';
import { TimeoutError } from './http-errors.ts';

export interface HttpBody {
  /** Bytes; sent as Content-Length, because storage behind registries refuses chunked encoding. */
  readonly size: number;
  /** Called again for every try. */
  open(): AsyncIterable<Uint8Array>;
}

export interface Outgoing {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody | Uint8Array | string | undefined;
  readonly signal: AbortSignal;
}

/** Fails as sockets do, or with what the body's source failed with. */
export function exchange(
  route: Route,
  { method, headers, body, signal }: Outgoing,
): Promise<IncomingMessage> {
  const send = route.protocol === 'https:' ? tlsRequest : plainRequest;
  const request = send({
    ...route,
    method,
    signal,
    headers: { ...route.headers, ...headers, ...lengthOf(body) },
  });
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined;
    request.once('socket', socket => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => request.destroy(new TimeoutError('connect')), connectTimeoutMs);
      for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
    });
    // Its end is told by the message, not by the request, once there is one.
    request.on('timeout', () => (response ?? request).destroy(new TimeoutError('idle')));
    request.on('error', reject);
    request.once('response', message => {
      response = message;
      // A body nobody reads may still break; that is no unhandled error.
      message.on('error', () => undefined);
      // An answer before the end of the upload is a refusal: the rest is not wanted, and the connection no longer in step.
      if (!request.writableEnded) message.once('close', () => request.destroy());
      resolve(message);
    });
    upload(request, body).catch((error: Error) => {
      reject(error);
      request.destroy();
    });
  });
}

function lengthOf(body: Outgoing['body']): Record<string, string> {
  if (body === undefined) return {};
  const bytes =
    typeof body === 'string' ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.length : body.size;
  return { 'content-length': String(bytes) };
}

async function upload(request: ClientRequest, body: Outgoing['body']): Promise<void> {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    return void request.end(body);
  }
  let answered = false;
  request.once('response', () => (answered = true));
  let sent = 0;
  for await (const chunk of body.open()) {
    if (request.destroyed || answered) return;
    sent += chunk.byteLength;
    if (sent > body.size) break;
    if (!request.write(chunk)) await writable(request);
  }
  if (sent === body.size) return void request.end();
  // The server would wait for the rest, or take what is too much for the next request.
  throw new WasmeError('INTERNAL', `an upload of ${body.size} bytes has others: ${sent} came`);
}

/** Until more can be written, or nobody wants it any more. */
function writable(request: ClientRequest): Promise<void> {
  if (request.destroyed) return Promise.resolve();
  const events = ['drain', 'response', 'close'];
  return new Promise(resolve => {
    const done = (): void => {
      for (const event of events) request.off(event, done);
      resolve();
    };
    for (const event of events) request.on(event, done);
  });
}
