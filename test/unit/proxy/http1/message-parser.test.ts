/** The end of an HTTP/1 message does not depend on how its bytes were cut on the way. */
import { describe, expect, it } from 'vitest';
import { HttpProtocolError } from '../../../../src/proxy/http1/protocol-error.ts';
import { parseRequestHead } from '../../../../src/proxy/http1/head.ts';
import { MessageParser } from '../../../../src/proxy/http1/parser.ts';
import { parseResponseHead } from '../../../../src/proxy/http1/response-head.ts';
import { wireAnswers, wireCases } from '../../../helpers/wire/wire-cases.ts';

type Reads = 'requests' | 'responses';

/** Longer messages are cut at some places only. */
const shortBytes = 2_000;

describe.each([
  ['requests', wireCases.map(({ name, request }) => [name, request] as const)],
  ['responses', Object.entries(wireAnswers).map(([name, parts]) => [name, textOf(parts)] as const)],
] as const)('%s are read alike however they are cut', (reads, messages) => {
  it.each(messages)('%s', (_name, message) => {
    const whole = read(reads, [message]);
    const cuts = [...message].map((_, at) => at).slice(1);
    const tried = message.length <= shortBytes ? cuts : [1, message.length >> 1, message.length - 1];
    for (const at of tried) {
      expect(read(reads, [message.slice(0, at), message.slice(at)]), `cut at ${at}`).toEqual(whole);
    }
    if (message.length <= shortBytes) expect(read(reads, [...message]), 'byte by byte').toEqual(whole);
  });
});

/** The text that an answer sends. */
function textOf(parts: readonly (string | number)[]): string {
  return parts.filter(part => typeof part === 'string' && part !== 'FIN' && part !== 'RST').join('');
}

/** The messages that come out of the pieces; nothing of one that is refused in its middle counts. */
function read(reads: Reads, pieces: readonly string[]): unknown[] {
  const messages: { head: string; body: string; trailers?: unknown }[] = [];
  let ended = false;
  const parser = new MessageParser(
    {
      head: text => {
        messages.push({ head: text, body: '' });
        return reads === 'requests'
          ? parseRequestHead(text).framing
          : parseResponseHead(text, { bodyless: false, keepAliveShown: false }).framing;
      },
      body: data => {
        const last = messages.at(-1);
        if (last !== undefined) last.body += data.toString('latin1');
      },
      end: trailers => {
        const last = messages.at(-1);
        if (last !== undefined) last.trailers = trailers ?? 'none';
        ended = true;
      },
    },
    reads,
  );
  const drain = (): void => {
    while (ended) {
      ended = false;
      parser.release();
    }
  };
  try {
    for (const piece of pieces) {
      parser.feed(Buffer.from(piece, 'latin1'));
      drain();
    }
  } catch (error) {
    if (!(error instanceof HttpProtocolError)) throw error;
    const whole = messages.filter(({ trailers }) => trailers !== undefined);
    return [...whole, { refused: error.status }];
  }
  return [...messages, { rest: parser.heldBytes }];
}
