/** Raw sockets for proxy tests: a client that sends exact bytes, and an upstream that answers with exact bytes. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** Actions of an upstream for a request: bytes to send (latin1), FIN, RST, or a pause in milliseconds. */
export type Answer = readonly (string | number)[];

export interface RawUpstream {
  readonly port: number;
  /** Everything received so far, by connection, latin1. */
  readonly received: string[];
  /** Resolves when no connection is open. */
  hungUp(): Promise<void>;
  close(): void;
}

/** Starts an upstream that answers each complete request with what `answer` says for it. */
export async function rawUpstream(answer: (request: string) => Answer): Promise<RawUpstream> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const index = received.push('') - 1;
    let pending = '';
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', data => {
      const text = data.toString('latin1');
      received[index] += text;
      pending += text;
      for (let end = requestEnd(pending); end > 0; end = requestEnd(pending)) {
        const request = pending.slice(0, end);
        pending = pending.slice(end);
        void send(socket, answer(request));
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    hungUp: async () => {
      await Promise.all([...sockets].map(socket => once(socket, 'close')));
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function send(socket: Socket, parts: Answer): Promise<void> {
  for (const part of parts) {
    if (part === 'FIN') socket.end();
    else if (part === 'RST') socket.resetAndDestroy();
    else if (typeof part === 'number') await new Promise(resolve => setTimeout(resolve, part));
    else socket.write(Buffer.from(part, 'latin1'));
  }
}

/** Length of the first complete request in `text`, or 0. */
function requestEnd(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return 0;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, head));
  if (length !== null) return text.length >= head + Number(length[1]) ? head + Number(length[1]) : 0;
  if (!/^transfer-encoding: chunked/im.test(text.slice(0, head))) return head;
  const end = /\r\n0\r\n(?:[^\r]+\r\n)*\r\n/.exec(text.slice(head - 2));
  return end === null ? 0 : head - 2 + end.index + end[0].length;
}

export interface RawAnswer {
  /** All bytes received, latin1. */
  readonly text: string;
  readonly closed: boolean;
}

/**
 * Sends bytes to a port of this machine and collects the answer until `done` says so, the server closes, or it is late.
 * A list is sent piece by piece, each in a turn of the event loop of its own.
 */
export function rawRequest(
  port: number,
  bytes: string | readonly string[],
  done: (text: string) => boolean = isWholeResponse,
  patienceMs = 20_000,
): Promise<RawAnswer> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let settled = false;
    const settle = (closed: boolean): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => settle(false), patienceMs);
    socket.setNoDelay(true);
    socket.on('data', data => {
      text += data.toString('latin1');
      if (done(text)) settle(false);
    });
    socket.on('error', () => settle(true));
    socket.on('close', () => settle(true));
    const pieces = typeof bytes === 'string' ? [bytes] : [...bytes];
    const next = (): void => {
      const piece = pieces.shift();
      if (piece === undefined || settled) return;
      socket.write(Buffer.from(piece, 'latin1'), () => setImmediate(next));
    };
    socket.once('connect', next);
  });
}

/** Returns whether `text` holds one final response to a GET, with a length or with chunks. */
export function isWholeResponse(text: string): boolean {
  const rest = text.replace(/^HTTP\/1\.1 1\d\d [^]*?\r\n\r\n/, '');
  const head = rest.indexOf('\r\n\r\n') + 4;
  if (head < 4) return false;
  if (/^HTTP\/1\.1 (204|304) /.test(rest)) return true;
  const length = /^content-length: (\d+)/im.exec(rest.slice(0, head));
  if (length !== null) return rest.length >= head + Number(length[1]);
  if (/^transfer-encoding: chunked/im.test(rest.slice(0, head)))
    return /\r\n0\r\n([^]*\r\n)?\r\n$/.test(rest);
  return true;
}

/** Closes something when the test ends. */
export function closing<T extends { close(): unknown }>(thing: T): T {
  onTestFinished(async () => void (await thing.close()));
  return thing;
}
