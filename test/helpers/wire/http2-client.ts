/** A client of raw HTTP/2 for tests: sends frames that no library sends, and reports what the server did with them. */
import { type Socket, connect } from 'node:net';

export type Fields = readonly (readonly [name: string, value: string])[];

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const;
const maxFrameBytes = 16 * 1024;
const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

function frame(kind: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as literals without indexing and without Huffman codes. */
function encodeFields(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  let rest = bytes.length;
  const length: number[] = [];
  if (rest < 127) length.push(rest);
  else {
    length.push(127);
    for (rest -= 127; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

export const frames = {
  headers: (fields: Fields, endStream = true, stream = 1): Buffer => {
    const block = encodeFields(fields);
    const pieces: Buffer[] = [];
    for (let at = 0; at < block.length; at += maxFrameBytes) {
      const first = at === 0;
      const last = at + maxFrameBytes >= block.length;
      const flags = (last ? flag.endHeaders : 0) | (first && endStream ? flag.endStream : 0);
      const piece = block.subarray(at, at + maxFrameBytes);
      pieces.push(frame(first ? type.headers : type.continuation, flags, stream, piece));
    }
    return Buffer.concat(pieces);
  },
  data: (text: string, endStream = true, stream = 1): Buffer =>
    frame(type.data, endStream ? flag.endStream : 0, stream, Buffer.from(text, 'latin1')),
  goaway: (): Buffer => frame(type.goaway, 0, 0, Buffer.alloc(8)),
};

/**
 * Sends frames on a new connection until the stream has ended, and returns what came: statuses, `end`, `reset <code>`,
 * `goaway <code>`, `closed`, `silence`. A ping behind the stream's end shows whether the connection lives on.
 */
export function playFrames(port: number, sent: readonly Buffer[], streams = 1): Promise<string[]> {
  return new Promise(resolve => {
    const events: string[] = [];
    const socket = connect(port, '127.0.0.1');
    let open = streams;
    let pending = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve([...events]);
    };
    const timer = setTimeout(() => {
      events.push('silence');
      settle();
    }, 2_000);
    const over = (): void => {
      if (--open > 0) return;
      // A server that has read GOAWAY answers no ping.
      if (sent.some(bytes => bytes[3] === type.goaway)) settle();
      else socket.write(frame(type.ping, 0, 0, Buffer.alloc(8)));
    };
    const onFrame = (kind: number, flags: number, payload: Buffer): void => {
      if (kind === type.settings && (flags & flag.ack) === 0) {
        socket.write(frame(type.settings, flag.ack, 0, Buffer.alloc(0)));
      } else if (kind === type.headers) events.push(statusOf(payload));
      else if (kind === type.reset) events.push(`reset ${payload.readUInt32BE(0)}`);
      else if (kind === type.goaway) events.push(`goaway ${payload.readUInt32BE(4)}`);
      if ((kind === type.headers || kind === type.data) && (flags & flag.endStream) !== 0) {
        events.push('end');
        over();
      } else if (kind === type.reset) over();
      else if (kind === type.ping && (flags & flag.ack) !== 0) settle();
    };
    socket.on('data', data => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
        const end = 9 + pending.readUIntBE(0, 3);
        onFrame(pending[3] ?? 0, pending[4] ?? 0, pending.subarray(9, end));
        pending = pending.subarray(end);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      events.push('closed');
      settle();
    });
    begin(socket, sent);
  });
}

function begin(socket: Socket, sent: readonly Buffer[]): void {
  socket.setNoDelay(true);
  socket.write(Buffer.concat([preface, frame(type.settings, 0, 0, Buffer.alloc(0)), ...sent]));
}

const indexed = ['200', '204', '206', '304', '400', '404', '500'];
const digits = [
  '00000',
  '00001',
  '00010',
  '011001',
  '011010',
  '011011',
  '011100',
  '011101',
  '011110',
  '011111',
];

/** Reads the `:status` that a block of fields begins with; `trailers` when it begins with another field. */
function statusOf(block: Buffer): string {
  let at = 0;
  // Changes of the table's size.
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++;
  const first = block[at] ?? 0;
  if (first >= 0x88 && first <= 0x8e) return indexed[first - 0x88] ?? '';
  const nameIndex = (first & 0xc0) === 0x40 ? first & 0x3f : first & 0x0f;
  if (nameIndex < 8 || nameIndex > 14) return 'trailers';
  const length = block[at + 1] ?? 0;
  const value = block.subarray(at + 2, at + 2 + (length & 127));
  if ((length & 128) === 0) return value.toString('latin1');
  let bits = [...value].map(byte => byte.toString(2).padStart(8, '0')).join('');
  let text = '';
  for (let digit = 0; digit >= 0; ) {
    digit = digits.findIndex(code => bits.startsWith(code));
    if (digit < 0 || text.length === 3) break;
    text += digit;
    bits = bits.slice(digits[digit]?.length);
  }
  return text;
}
