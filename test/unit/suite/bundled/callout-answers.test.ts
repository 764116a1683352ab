/** Call-outs of a suite are answered as Envoy's router answers them. */
import { expect, it } from 'vitest';
import { HeaderMap } from '../../../../src/host/http/header-map.ts';
import { SimulatedEnvironment } from '../../../../src/host/testing/simulated-environment.ts';
import { CalloutAnswers } from '../../../../src/suite/bundled/callout-answers.ts';
import type { Callout } from '../../../../src/suite/file/schema.ts';

interface Peers {
  readonly answers: CalloutAnswers;
  readonly environment: SimulatedEnvironment;
}

function peersThat(answer: Callout | readonly Callout[]): Peers {
  const answers = new CalloutAnswers({ side: answer });
  const environment = new SimulatedEnvironment({
    clusters: answers.clusters,
    connectionOf: answers.connectionOf,
    onHttpCall: call => answers.answer(call, (delayMs, step) => environment.schedule(delayMs, step)),
  });
  return { answers, environment };
}

/** Calls the cluster once and returns the answer, as `name: value` lines and the body. */
function ask({ environment }: Peers, more: [string, string][] = []): string[] {
  const seen: string[] = [];
  const started = environment.httpCall(
    {
      cluster: 'side',
      headers: new HeaderMap([[':method', 'GET'], [':path', '/'], [':authority', 'a'], ...more]),
      body: new Uint8Array(),
      timeoutMs: 10,
    },
    {
      response: (headers, body) => {
        for (const [name, value] of headers.entries) seen.push(`${name}: ${value}`);
        seen.push(Buffer.from(body).toString('latin1'));
      },
      failure: () => seen.push('failure'),
    },
  );
  environment.advanceUntil(() => seen.length > 0, 100);
  return started.status === 'started' ? seen : [started.status];
}

const local = (status: number, body: string): string[] => [
  `:status: ${status}`,
  `content-length: ${body.length}`,
  'content-type: text/plain',
  body,
];

it('headers that cannot be sent are answered 503, the peer hears nothing and keeps its answer', () => {
  const peers = peersThat([{ status: 201 }, { status: 202 }]);
  expect(ask(peers, [['x-n', 'a\nb']])).toEqual(local(503, 'invalid header value for: x-n'));
  expect(ask(peers, [['x y', '1']])).toEqual(local(503, 'invalid header name: x y'));
  expect(ask(peers, [['x-tab', 'a\tb']])).toEqual([':status: 201', '']);
  expect(peers.answers.seen).toHaveLength(1);
});

const refused =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';
it.each<[string, Callout, string[]]>([
  ['timeout', { fails: 'timeout' }, local(504, 'upstream request timeout')],
  ['refused', { fails: 'refused' }, local(503, refused)],
])(
  'a call-out that fails with %s is answered with the headers of a local reply',
  (_name, answer, expected) => {
    expect(ask(peersThat(answer))).toEqual(expected);
  },
);

it('a refused connection is reported rather than headers that cannot be sent', () => {
  const peers = peersThat({ fails: 'refused' });
  expect(ask(peers, [['x-n', 'a\nb']])).toEqual(local(503, refused));
});
