import { describe, expect, it } from 'vitest';
import { linesSince, signsIn } from '../../../../../src/targets/envoy/status/log-signs.ts';

const crash = 'Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable';
const at = (time: string, text = 'x'): string => `[2026-03-01 ${time}][7][info][wasm] [a.cc:1] ${text}\n`;

describe('signsIn finds in a log', () => {
  it.each([
    ['plain', `[2026-03-01 10:00:00.000][7][error][wasm] [source/w.cc:38] ${crash}`],
    ["Istio's", `2026-03-01T10:00:00.000000Z\terror\tenvoy wasm external/envoy/w.cc:38\t${crash}\tthread=21`],
    ['JSON', `{"level":"error","message":"${crash}`],
  ])('a crash in the format %s', (_form, line) => {
    expect(signsIn(`before\n${line}\nProxy-Wasm plugin in-VM backtrace:\n`)).toEqual({
      crash: { callback: 'proxy_on_request_headers', reason: 'Uncaught RuntimeError: unreachable' },
      rejection: undefined,
    });
  });

  it.each([
    'Filesystem config update rejected: Invalid path: /x',
    'gRPC config for type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig rejected: Invalid path: /x',
    'delta config for type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig rejected: Invalid path: /x\tthread=1',
  ])('a refused update: %s', line => {
    expect(signsIn(line).rejection).toBe('Invalid path: /x');
  });

  it('no rejection of another resource', () => {
    const line = 'gRPC config for type.googleapis.com/envoy.config.cluster.v3.Cluster rejected: no';
    expect(signsIn(`${line}\nwasm log: failed`)).toEqual({ crash: undefined, rejection: undefined });
  });
});

describe('linesSince', () => {
  const since = new Date('2026-03-01T12:00:00Z');
  const log = at('10:59:59.999', 'old') + at('11:00:01.000', 'new') + at('11:00:02.000', 'last');

  const written = new Date('2026-03-01T12:00:02Z');

  it.each([
    ['an hour behind ours', log],
    ['nine hours ahead', log.replace(/ 1(\d):/g, ' 2$1:')],
  ])('returns the new lines of a proxy whose clock is %s', (_name, text) => {
    expect(linesSince(text, since, written)).toMatch(/^\S+ \S+ \[a.cc:1\] new\n.* last\n$/);
  });

  it('returns the whole log if the file was copied later', () => {
    expect(linesSince(log, since, new Date('2026-03-01T15:00:00Z'))).toBe(log);
  });

  it('returns all lines without times, and no line if all are older', () => {
    expect(linesSince('{"a":1}\n', since, since)).toBe('{"a":1}\n');
    expect(linesSince(log, new Date('2026-03-01T13:00:00Z'), written)).toBe('');
  });
});
