/** A request that is interrupted, or whose answer nobody reads to its end: it fails as such, and its connection is gone. */
import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectTimeoutMs, idleTimeoutMs } from '../../../../src/io/http/http-errors.ts';
import { HttpClient } from '../../../../src/io/http/http.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';

/** A server that answers with `answer`; every connection's end is awaited by `gone`. */
async function served(answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => {
    server.emit('asked');
    answer(response);
  });
  const gone = new Promise<void>(resolve => {
    server.once('connection', socket => socket.once('close', () => resolve()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const interruption = new AbortController();
  const http = new HttpClient({ ...newMachine().system, signal: interruption.signal });
  onTestFinished(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return { server, gone, http, url, interrupt: () => interruption.abort() };
}

it('an exchange can be interrupted before its response', async () => {
  const { server, gone, http, url, interrupt } = await served(() => undefined);
  server.once('asked', interrupt);
  await expect(http.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await gone;
});

it('an exchange can be interrupted in the middle of its response', async () => {
  const { gone, http, url, interrupt } = await served(response => response.write('half'));
  const response = await http.send({ method: 'GET', url });
  const read = async (): Promise<void> => {
    for await (const chunk of response.stream()) {
      expect(String(chunk)).toBe('half');
      interrupt();
    }
  };
  await expect(read()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await gone;
});

it('an exchange can be interrupted while its request is sent', async () => {
  const { gone, http, url, interrupt } = await served(() => undefined);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    interrupt();
    await gone;
  }
  const sent = http.send({ method: 'PUT', url, body: { size: 20, open: body } });
  await expect(sent).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

it('an exchange closes its connection when the rest of a response is discarded', async () => {
  const { gone, http, url } = await served(response => response.write('endless'));
  const response = await http.send({ method: 'GET', url });
  expect(String(await response.bytes(3))).toBe('end');
  await gone;
});

it('an exchange keeps its connection for the next one when a short response is discarded', async () => {
  const { server, http, url } = await served(response => response.end('short'));
  let connections = 0;
  server.on('connection', () => connections++);
  for (let round = 0; round < 6; round++) await (await http.send({ method: 'GET', url })).discard();
  // One may not be free again yet when the next request is made.
  expect(connections).toBeLessThan(3);
});

it('an exchange stops receiving a body that is not read', async () => {
  const total = 128 * 1024 * 1024;
  let sent = 0;
  const { http, url } = await served(response => {
    const chunk = Buffer.alloc(1024 * 1024);
    const more = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const response = await http.send({ method: 'GET', url });
  // Until the server has got no further for many turns.
  for (let turns = 0, before = -1; turns < 200; turns = sent === before ? turns + 1 : 0) {
    before = sent;
    await setImmediate();
  }
  // What the two sockets and our own half megabyte hold; the rest waits with the server.
  expect(sent).toBeLessThan(total / 2);
  let received = 0;
  for await (const chunk of response.stream()) received += chunk.byteLength;
  expect(received).toBe(total);
});

it('an exchange closes its connection when the response comes before the whole request was sent', async () => {
  const { gone, http, url } = await served(response => response.writeHead(413).end('too much'));
  let pieces = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      pieces++;
      yield Buffer.alloc(1024);
      await setImmediate();
    }
  }
  const response = await http.send({
    method: 'PUT',
    url,
    body: { size: 2 ** 40, open: endless },
    retry: false,
  });
  expect(response.status).toBe(413);
  expect(String(await response.bytes(100))).toBe('too much');
  await gone;
  const atEnd = pieces;
  for (let turns = 0; turns < 20; turns++) await setImmediate();
  expect(pieces - atEnd).toBeLessThan(3);
});

it.each([
  ['more', 5],
  ['less', 15],
])('fails when its body is %s than was announced', async (_, size) => {
  const { http, url, gone } = await served(() => undefined);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.alloc(10));
  }
  const sent = http.send({ method: 'PUT', url, body: { size, open: body } });
  await expect(sent).rejects.toThrow('the body has another size than was announced');
  await gone;
});

describe('time limits', () => {
  /** Only our own timers: those of the sockets are inside of Node. */
  function fakeTimers(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  }

  it('a connection that does not come about in time fails', async () => {
    fakeTimers();
    let asked = (): void => undefined;
    const looking = new Promise<void>(resolve => (asked = resolve));
    const http = new HttpClient(newMachine().system, { lookup: () => asked() });
    const sent = http.send({ method: 'GET', url: new URL('http://registry.test/'), retry: false });
    const failed = expect(sent).rejects.toThrow('registry.test: no answer within 10 s');
    await looking;
    vi.advanceTimersByTime(connectTimeoutMs);
    await failed;
    await http.close();
  });

  it('a server that does not respond in time fails', async () => {
    fakeTimers();
    const { server, gone, http, url } = await served(() => undefined);
    const asked = once(server, 'asked');
    const sent = http.send({ method: 'GET', url, retry: false });
    const failed = expect(sent).rejects.toThrow('no answer within 60 s');
    await asked;
    vi.advanceTimersByTime(idleTimeoutMs);
    await failed;
    await gone;
  });

  it('a body that pauses longer than the limit fails, and the time that its reader takes does not count', async () => {
    fakeTimers();
    const size = 1024 * 1024;
    const { gone, http, url } = await served(response => response.write(Buffer.alloc(size)));
    const response = await http.send({ method: 'GET', url });
    for (let turns = 0; turns < 200; turns++) await setImmediate();
    vi.advanceTimersByTime(10 * idleTimeoutMs);
    let received = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of response.stream()) {
        received += chunk.byteLength;
        if (received === size) void setImmediate().then(() => vi.advanceTimersByTime(idleTimeoutMs));
      }
    };
    await expect(read()).rejects.toThrow('nothing came for 60 s');
    expect(received).toBe(size);
    await gone;
  });

  it('none is left when the response came before all was sent', async () => {
    fakeTimers();
    const { gone, http, url } = await served(response => response.writeHead(413).end());
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1);
      await gone;
    }
    const response = await http.send({ method: 'PUT', url, body: { size: 2, open: body }, retry: false });
    await response.discard();
    await gone;
    for (let turns = 0; turns < 20; turns++) await setImmediate();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('the time that the source of an upload takes does not count', async () => {
    fakeTimers();
    const { server, http, url } = await served(response => response.end('done'));
    const asked = once(server, 'asked');
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1);
      await asked;
      vi.advanceTimersByTime(10 * idleTimeoutMs);
      yield Buffer.alloc(1);
    }
    server.removeAllListeners('request').on('request', (request, response) => {
      server.emit('asked');
      request.resume().once('end', () => response.end('done'));
    });
    const response = await http.send({ method: 'PUT', url, body: { size: 2, open: slow }, retry: false });
    expect(String(await response.bytes(100))).toBe('done');
  });
});
