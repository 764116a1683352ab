/** Streams whose client and upstream send parts of messages, or disconnect. */
import { describe, expect, it } from 'vitest';
import type { HeaderMap } from '../../../../src/host/index.ts';
import { HttpStreamDriver } from '../../../../src/host/testing/http-stream-driver.ts';
import { requestHead } from '../../../../src/host/testing/message.ts';
import { TcpStreamDriver } from '../../../../src/host/testing/tcp-stream-driver.ts';
import { bytes, headersOf } from '../../../helpers/guests/test-environment.ts';
import { type Act, scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

const head = (): HeaderMap => requestHead({ method: 'POST', authority: 'a' }, []);

async function httpStream(on: Record<string, Act> = {}) {
  const { host, plugin, machine, calls } = await scriptedGuest(on);
  calls.length = 0;
  return { stream: new HttpStreamDriver(host.httpChain([plugin]), machine, { record: true }), plugin, calls };
}

async function tcpStream(on: Record<string, Act> = {}) {
  const { host, plugin, machine, calls } = await scriptedGuest(on);
  calls.length = 0;
  return { stream: new TcpStreamDriver(host.tcpChain([plugin]), machine), plugin, calls };
}

describe('an HTTP stream', () => {
  it('takes parts of both messages in any order', async () => {
    const { stream, plugin, calls } = await httpStream();
    stream.sendHeaders(head());
    stream.respondHeaders(headersOf({ ':status': '200' }));
    stream.sendData(bytes('ab'));
    stream.respondData(bytes('cde'));
    stream.sendTrailers(headersOf({ a: '1' }));
    stream.respondTrailers(headersOf({ b: '2' }));
    expect(calls).toEqual([
      'context_create 2 1',
      'request_headers 2 6 0',
      'response_headers 2 1 0',
      'request_body 2 2 0',
      'response_body 2 3 0',
      'request_trailers 2 1',
      'response_trailers 2 1',
      'log 2',
      'done 2',
      'delete 2',
    ]);
    expect([stream.requestEnded, stream.responseEnded, stream.over]).toEqual([true, true, true]);
    expect(stream.info).toMatchObject({ bytesReceived: 2, bytesSent: 3, responseCode: 200 });
    expect(plugin.contextCount).toBe(1);
  });

  it('whose client disconnects is reset, logged and deleted, and takes nothing more', async () => {
    const { stream, calls } = await httpStream();
    stream.sendHeaders(head());
    stream.disconnectClient();
    stream.sendData(bytes('late'));
    stream.respondHeaders(headersOf({ ':status': '200' }), true);
    expect(calls.slice(2)).toEqual(['log 2', 'done 2', 'delete 2']);
    expect(stream.info.responseCodeDetails).toBe('downstream_remote_disconnect');
    expect([stream.wasReset, stream.responseEnded]).toEqual([true, false]);
  });

  it('whose upstream disconnects before it answers is answered 503 through the filters', async () => {
    const { stream, calls } = await httpStream();
    stream.sendHeaders(head(), true);
    stream.disconnectUpstream();
    expect(stream.status).toBe(503);
    expect(Buffer.from(stream.downstream!.body).toString()).toMatch(/reset reason: connection termination$/);
    expect(calls).toContain('response_headers 2 3 0');
    expect(stream.info.responseCodeDetails).toBe(
      'upstream_reset_before_response_started{connection_termination}',
    );
  });

  it('whose upstream disconnects in the middle of its answer is reset', async () => {
    const { stream, calls } = await httpStream();
    stream.sendHeaders(head(), true);
    stream.respondHeaders(headersOf({ ':status': '200' }));
    stream.respondData(bytes('half'));
    stream.disconnectUpstream();
    expect([stream.wasReset, stream.responseEnded]).toEqual([true, false]);
    expect(calls.slice(-3)).toEqual(['log 2', 'done 2', 'delete 2']);
    expect(stream.info.responseCodeDetails).toBe(
      'upstream_reset_after_response_started{connection_termination}',
    );
  });

  it('keeps the request id and the forwarded protocol that its client sends, and gets its scheme from them', async () => {
    const { stream } = await httpStream();
    const sent = [
      ['x-request-id', 'mine'],
      ['x-forwarded-proto', 'https'],
    ] as [string, string][];
    stream.sendHeaders(requestHead({ method: 'GET', authority: 'a' }, sent), true);
    expect(stream.upstream?.headers?.entries).toEqual([
      [':authority', 'a'],
      [':path', '/'],
      [':method', 'GET'],
      [':scheme', 'https'],
      ...sent,
    ]);
  });
});

describe('a TCP stream', () => {
  it('takes data of both sides until the client disconnects', async () => {
    const { stream, plugin, calls } = await tcpStream();
    expect(stream.connected).toBe(true);
    stream.sendData(bytes('ab'));
    stream.respondData(bytes('cde'));
    stream.disconnectClient();
    expect(calls).toEqual([
      'context_create 2 1',
      'new_connection 2',
      'downstream_data 2 2 0',
      'upstream_data 2 3 0',
      'downstream_connection_close 2 2',
      'done 2',
      'log 2',
      'delete 2',
    ]);
    expect(stream.info).toMatchObject({ bytesReceived: 2, bytesSent: 3 });
    expect(plugin.contextCount).toBe(1);
  });

  it('is closed for the client when the upstream disconnects', async () => {
    const { stream, calls } = await tcpStream();
    stream.disconnectUpstream();
    expect(stream.closed).toBe(true);
    expect(calls.at(-1)).toBe('delete 2');
  });

  it('that a filter closes while it begins takes no data', async () => {
    const { stream, calls } = await tcpStream({
      new_connection: guest => void guest.call('proxy_close_stream', 2),
    });
    stream.sendData(bytes('late'));
    expect(stream.closed).toBe(true);
    expect(calls.filter(call => call.startsWith('downstream_data'))).toEqual([]);
    expect(calls.at(-1)).toBe('delete 2');
  });
});
