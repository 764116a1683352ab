/** Manifests that are not what they should be: each is refused with the field that is wrong. */
import { describe, expect, it } from 'vitest';
import * as types from '../../../src/oci/media-types.ts';
import { maxBlobBytes, maxIndexChildren, maxLayers } from '../../../src/oci/limits.ts';
import { parseLayoutIndex, parseManifest } from '../../../src/oci/schema.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const blob = { mediaType: 'a/b', digest, size: 1 };
const image = { schemaVersion: 2, mediaType: types.ociManifest, config: blob, layers: [blob] };
const index = { schemaVersion: 2, mediaType: types.ociIndex, manifests: [blob] };
const parse = (value: unknown) => parseManifest(Buffer.from(JSON.stringify(value)));

describe('a manifest', () => {
  it.each<[path: string, problem: string, value: object]>([
    ['schemaVersion', 'is not 2', { ...image, schemaVersion: 3 }],
    ['config', 'is not an object', { ...image, config: [] }],
    ['config.mediaType', 'is not a media type', { ...image, config: { ...blob, mediaType: 'x y' } }],
    ['layers', 'is not a list', { ...image, layers: {} }],
    ['layers', `has more than ${maxLayers} entries`, { ...image, layers: Array(maxLayers + 1).fill(blob) }],
    ['layers.1.digest', 'is not a string', { ...image, layers: [blob, { ...blob, digest: 1 }] }],
    [
      'layers.0.digest',
      'is not a sha256 or sha512 digest',
      { ...image, layers: [{ ...blob, digest: 'md5:1' }] },
    ],
    ['layers.0.size', 'is not a size in bytes', { ...image, layers: [{ ...blob, size: 1.5 }] }],
    [
      'layers.0.size',
      `is over the limit of ${maxBlobBytes} bytes`,
      { ...image, layers: [{ ...blob, size: maxBlobBytes + 1 }] },
    ],
    ['annotations.a', 'is not a string', { ...image, annotations: { a: 1 } }],
    ['subject.size', 'is not a size in bytes', { ...image, subject: { ...blob, size: '1' } }],
    [
      'manifests.0.platform.os',
      'is not a string',
      { ...index, manifests: [{ ...blob, platform: { os: 1 } }] },
    ],
    [
      'manifests',
      `has more than ${maxIndexChildren} entries`,
      { ...index, manifests: Array(maxIndexChildren + 1).fill(blob) },
    ],
  ])('%s %s', (path, problem, value) => {
    expect(() => parse(value)).toThrow(`the manifest is malformed at ${path}: ${problem}`);
  });

  it('may have null for absent fields, and unknown fields', () => {
    const value = { ...image, annotations: null, subject: null, layers: [{ ...blob, urls: ['https://a'] }] };
    expect(parse(value)).toEqual({
      ...image,
      kind: 'image',
      annotations: undefined,
      subject: undefined,
      layers: [{ ...blob, urls: ['https://a'] }],
    });
  });

  it('cannot change a prototype', () => {
    const hostile = `{"schemaVersion":2,"__proto__":{"x":1},"config":${JSON.stringify(blob)},"layers":[],"annotations":{"__proto__":"x"}}`;
    const parsed = parseManifest(Buffer.from(hostile));
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(parsed.annotations)).toBe(Object.prototype);
  });
});

describe('the index of a layout folder', () => {
  it('may hold any number of images', () => {
    const manifests = Array(maxIndexChildren + 1).fill(blob);
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
    expect(parseLayoutIndex(bytes).manifests).toHaveLength(manifests.length);
  });

  it('is refused with the path of the wrong field', () => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...blob, size: null }] }));
    expect(() => parseLayoutIndex(bytes)).toThrow(
      'the index is malformed at manifests.0.size: is not a size in bytes',
    );
  });
});
