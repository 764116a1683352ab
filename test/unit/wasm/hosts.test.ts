/** `istio@1.30` → which Envoy, and what it offers. */
import { describe, expect, it } from 'vitest';
import { offeredBy, parseHost } from '../../../src/wasm/hosts.ts';

describe('a host', () => {
  it.each([
    ['envoy@1.36', 36],
    ['envoy@v1.36.2', 36],
    ['envoy', 40],
    ['envoy@latest', 40],
    ['istio@1.9', 17],
    ['istio@1.9.x', 17],
    ['istio@1.30.1', 38],
    ['Istio@1.31', 39],
    ['envoy-gateway@1.1', 31],
    ['envoy-gateway@1.6.0', 36],
    ['envoy-gateway', 39],
    ['higress', 27],
    ['gloo@ee', 40],
    ['gcp', 40],
  ])('%s has Envoy 1.%i inside', (text, minor) => {
    expect(parseHost(text).envoyMinor).toBe(minor);
  });

  it.each([
    ['istio@1.99', 39, 'newer than any Istio known here; judged as 1.31'],
    ['envoy@1.77', 40, 'newer than any Envoy known here; judged as 1.40'],
    ['envoy-gateway@1.12', 39, 'newer than any Envoy Gateway known here; judged as 1.9'],
  ])('%s is checked as the newest version, with a note', (text, envoyMinor, note) => {
    expect(parseHost(text)).toMatchObject({ envoyMinor, note });
  });

  it.each(['nginx', 'istio@latestish', 'envoy@', 'istio@1', '', 'envoy@1.36;rm'])('%j is refused', text => {
    expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });

  it.each(['envoy@9.9', 'envoy@2.40', 'istio@2.30', 'istio@0.30', 'envoy-gateway@0.6'])(
    '%j is refused, not taken for the release 1.x with the same minor',
    text => {
      expect(() => parseHost(text)).toThrow(
        expect.objectContaining({
          code: 'USAGE',
          message: expect.stringContaining('begins with 1.') as string,
        }) as Error,
      );
    },
  );

  it.each(['higress@2.1', 'gloo@1.18', 'gloo@2.0'])('%j is accepted: its major changes', text => {
    expect(parseHost(text).text).toBe(text);
  });

  it.each([
    ['envoy@1.20', 'A', false],
    ['envoy@1.32', 'B', false],
    ['envoy@1.33', 'C', false],
    ['envoy@1.38', 'C', false],
    ['envoy@1.39', 'D', true],
  ])('%s offers WASI tier %s', (text, wasiTier, mainVoid) => {
    expect(offeredBy(parseHost(text))).toEqual({ wasiTier, mainVoid });
  });
});
