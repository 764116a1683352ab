/** Plays wire cases against a proxy, and keeps what a real Envoy made of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RawUpstream, isWholeResponse, rawRequest, rawUpstream } from '../servers/raw-http.ts';
import { root } from '../tree.ts';
import { type WireCase, wireAnswers, wireCases } from './wire-cases.ts';

/** The answer and what the upstream received for it, line by line. */
export interface WireOutcome {
  readonly answer: readonly string[];
  readonly upstream?: readonly string[];
}

const plain = ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Up: Yes\r\n\r\nhey'];
const file = join(root, 'test', 'fixtures', 'goldens', 'wire.json');

export function wireUpstream(): Promise<RawUpstream> {
  return rawUpstream(request => wireAnswers[/^\S+ \/([^ ?]*)/.exec(request)?.[1] ?? ''] ?? plain);
}

/** Plays a case; `cut` says how its bytes are sent. */
export async function playWire(
  port: number,
  upstream: RawUpstream,
  { request, answerOnly, pipelined }: WireCase,
  cut: 'whole' | 'byte by byte' = 'whole',
): Promise<WireOutcome> {
  const before = upstream.received.map(text => text.length);
  const done = pipelined ? () => false : isWholeResponse;
  const { text } = await rawRequest(port, cut === 'whole' ? request : [...request], done);
  const answer = linesOf(text);
  if (answerOnly) return { answer };
  const received = upstream.received.map((all, index) => all.slice(before[index] ?? 0)).join('');
  return received === '' ? { answer } : { answer, upstream: linesOf(received) };
}

/** Without what differs from run to run; what is very long is counted. */
function linesOf(text: string): string[] {
  return joinChunks(text)
    .replace(/date: [A-Z][^\r]+/g, 'date: D')
    .replace(/x-request-id: [0-9a-f-]{36}/g, 'x-request-id: R')
    .replace(/service-time: \d+/g, 'service-time: N')
    .replace(/(.)\1{200,}/g, (run, character: string) => `${character} x ${run.length}`)
    .split('\r\n');
}

/** Joins the chunks of a body, as their number depends on how its bytes were cut. */
function joinChunks(text: string): string {
  const first = /(?<=\r\n)([\da-f]+)\r\n([^\r]*)\r\n([\da-f]+)\r\n([^\r]+)\r\n(?=[\da-f]+\r\n)/;
  for (let joined = text; ; text = joined) {
    joined = text.replace(first, (all, size: string, a: string, next: string, b: string) =>
      a.length === Number.parseInt(size, 16) && b.length === Number.parseInt(next, 16)
        ? `${(a.length + b.length).toString(16)}\r\n${a}${b}\r\n`
        : all,
    );
    if (joined === text) return text;
  }
}

/** Cases that are short enough to be sent byte by byte. */
export const shortWireCases = wireCases.filter(({ request }) => request.length <= 1_000);

export function readWire(): Readonly<Record<string, WireOutcome>> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, WireOutcome>;
}

export function writeWire(outcomes: ReadonlyMap<string, WireOutcome>): void {
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(outcomes), null, 1)}\n`);
}
