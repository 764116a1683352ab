import { describe, expect, it } from 'vitest';
import { WasmeError } from '../../../src/errors.ts';
import { formatName, formatReference, parseReference, tagOrDigest } from '../../../src/oci/reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseReference', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1', 'docker.io/library/nginx:1'],
    ['me/nginx', 'docker.io/me/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['docker.io/me/a', 'docker.io/me/a:latest'],
    ['localhost/a', 'localhost/a:latest'],
    ['localhost:5000/a:b', 'localhost:5000/a:b'],
    ['LOCALHOST:5000/a', 'localhost:5000/a:latest'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest'],
    ['[::1]:5000/a', '[::1]:5000/a:latest'],
    ['[2001:db8::1]/a:t', '[2001:db8::1]/a:t'],
    ['registry.example/team/add-header:v0.1', 'registry.example/team/add-header:v0.1'],
    ['Registry.Example/a', 'registry.example/a:latest'],
    ['oci://registry.example/a:v1', 'registry.example/a:v1'],
    ['docker://registry.example/a:v1', 'registry.example/a:v1'],
    [`registry.example/a@${digest}`, `registry.example/a@${digest}`],
    [`registry.example/a:v1@${digest}`, `registry.example/a:v1@${digest}`],
    ['a.b/c__d/e--f/g.h_i', 'a.b/c__d/e--f/g.h_i:latest'],
    [`r.example/a:${'t'.repeat(128)}`, `r.example/a:${'t'.repeat(128)}`],
    ['r.example/a:_t', 'r.example/a:_t'],
    [`r.example/a@sha512:${'b'.repeat(128)}`, `r.example/a@sha512:${'b'.repeat(128)}`],
  ])('%s is %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
    expect(formatReference(parseReference(full))).toBe(full);
  });

  it.each([
    [''],
    ['/a'],
    ['a/'],
    ['r.example//a'],
    ['r.example/a:'],
    ['r.example/a:-x'],
    ['r.example/a:.x'],
    [`r.example/a:${'t'.repeat(129)}`],
    ['r.example/a@sha256:abc'],
    [`r.example/a@md5:${'a'.repeat(32)}`],
    [`r.example/a@sha256:${'A'.repeat(64)}`],
    ['r.example/-a'],
    ['r.example/a-'],
    ['r.example/a___b'],
    ['r.example/a..b'],
    ['r.example:0/a'],
    ['r.example:99999/a'],
    ['-r.example/a'],
    ['[::1/a'],
    ['r.example/a b'],
    ['r.example/a\n'],
    ['r.example/../a'],
    [`r.example/${'a'.repeat(250)}`],
    ['a'.repeat(64)],
    ['user:secret@r.example/a'],
  ])('refuses %j', text => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  });

  it('suggests the lower-case form of a name in upper case', () => {
    expect(hintOf('ghcr.example/MyOrg/Filter:V1')).toBe('in lower case: ghcr.example/myorg/filter:V1');
  });

  it('suggests a URL without its scheme', () => {
    expect(hintOf('https://r.example/a:v1')).toBe('without the scheme: r.example/a:v1');
  });

  it('uses the default registry only for a reference without host', () => {
    const options = { defaultRegistry: 'hub.example:8443' };
    expect(formatReference(parseReference('me/a:1', options))).toBe('hub.example:8443/me/a:1');
    expect(formatReference(parseReference('a', options))).toBe('hub.example:8443/a:latest');
    expect(formatReference(parseReference('r.example/a', options))).toBe('r.example/a:latest');
  });

  it('requests the digest when there is one, else the tag', () => {
    const reference = parseReference(`r.example/a:v1@${digest}`);
    expect(tagOrDigest(reference)).toBe(digest);
    expect(formatName(reference)).toBe('r.example/a');
  });
});

function hintOf(text: string): string | undefined {
  try {
    parseReference(text);
  } catch (error) {
    if (error instanceof WasmeError) return error.hint;
  }
  return undefined;
}
