/** A stream's chunks for a reader that works on many at a time: a stream's own iterator takes a turn of its own for each. */
import type { Readable } from 'node:stream';

/** The stream is held up when so much waits for the reader. */
const maxWaitingBytes = 1024 * 1024;

/** Every chunk, in order; fails as the stream does. The stream is destroyed when the reader stops early. */
export async function* gathered(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  // Nothing more is told of a stream that is over already.
  let ended = stream.readableEnded || stream.destroyed;
  let failure = stream.errored ?? undefined;
  let wake: () => void = () => undefined;
  const settle = (error?: Error): void => {
    ended = true;
    failure ??= error;
    wake();
  };
  stream.on('data', (chunk: Uint8Array) => {
    waiting.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= maxWaitingBytes) stream.pause();
    wake();
  });
  stream.once('end', () => settle());
  stream.once('error', settle);
  stream.once('close', () => settle(stream.readableEnded ? undefined : closedEarly()));
  try {
    for (;;) {
      if (waiting.length === 0) {
        if (failure !== undefined) throw failure;
        if (ended) return;
        await new Promise<void>(resolve => (wake = resolve));
        continue;
      }
      const chunks = waiting;
      waiting = [];
      bytes = 0;
      stream.resume();
      yield* chunks;
    }
  } finally {
    stream.destroy();
  }
}

/** With the code that Node's own helpers give it. */
function closedEarly(): Error {
  return Object.assign(new Error('closed before its end'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
}
