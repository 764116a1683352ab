/** A request that is interrupted, or whose answer nobody reads to its end: it fails as such, and its connection is gone. */
import { once } from 'node:events';
import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
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

it('is interrupted before its answer', async () => {
  const { server, gone, http, url, interrupt } = await served(() => undefined);
  server.once('asked', interrupt);
  await expect(http.send({ method: 'GET', url })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await gone;
});

it('is interrupted in the middle of its answer', async () => {
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

it('is interrupted while it is sent', async () => {
  const { gone, http, url, interrupt } = await served(() => undefined);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    interrupt();
    await gone;
  }
  const sent = http.send({ method: 'PUT', url, body: { size: 20, open: body } });
  await expect(sent).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

it('ends its connection when nobody wants the rest', async () => {
  const { gone, http, url } = await served(response => response.write('endless'));
  const response = await http.send({ method: 'GET', url });
  expect(String(await response.bytes(3))).toBe('end');
  await gone;
});

it('leaves its connection to the next when the answer is short and not wanted', async () => {
  const { server, http, url } = await served(response => response.end('short'));
  let connections = 0;
  server.on('connection', () => connections++);
  for (let round = 0; round < 6; round++) await (await http.send({ method: 'GET', url })).discard();
  // One may not be free again yet when the next request is made.
  expect(connections).toBeLessThan(3);
});

it('holds a body up while nobody reads it', async () => {
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
