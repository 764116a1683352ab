import { describe, expect, it } from 'vitest';
import { newStreamInfo } from '../../../src/host/index.ts';
import type { LocalReply } from '../../../src/host/types.ts';
import { passThroughChain } from '../../../src/proxy/pass-through.ts';
import { RecordingSink, bytes, get } from '../../helpers/guests/test-environment.ts';

function eventsOf(request: Readonly<Record<string, string>>, reply: Partial<LocalReply>): readonly string[] {
  const sink = new RecordingSink();
  const stream = passThroughChain.open(sink, newStreamInfo());
  stream.decodeHeaders(get('/', request), false);
  stream.localReply({ status: 503, body: bytes('100% gone'), details: 'no_healthy_upstream', ...reply });
  return sink.events.filter(event => event.startsWith('response'));
}

describe('a local reply without filters', () => {
  it('is a plain response', () => {
    expect(eventsOf({}, {})).toEqual([
      'response headers :status=503 content-length=9 content-type=text/plain',
      'response body 100% gone end',
    ]);
  });

  it('to HEAD has the length of the body, and not the body', () => {
    expect(eventsOf({ ':method': 'HEAD' }, {})).toEqual([
      'response headers :status=503 content-length=9 content-type=text/plain end',
    ]);
  });

  it('to gRPC is a status in the headers', () => {
    expect(eventsOf({ 'content-type': 'application/grpc+proto' }, {})).toEqual([
      'response headers :status=200 content-type=application/grpc grpc-status=14 grpc-message=100%25 gone end',
    ]);
  });

  it('to gRPC-Web is a plain one, as with filters', () => {
    expect(eventsOf({ 'content-type': 'application/grpc-web' }, {})).toEqual(eventsOf({}, {}));
  });
});
