import { describe, expect, it } from 'vitest';
import { parseChallenges } from '../../../../src/oci/registry/challenge.ts';

describe('parseChallenges', () => {
  it.each([
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    ['basic realm=x', [['basic', { realm: 'x' }]]],
    ['Basic', [['basic', {}]]],
    ['BASIC Realm = "x"', [['basic', { realm: 'x' }]]],
    [
      'Bearer realm="https://auth.docker.example/token",service="registry.docker.example"',
      [['bearer', { realm: 'https://auth.docker.example/token', service: 'registry.docker.example' }]],
    ],
    [
      'Bearer realm="https://r.example/token",service="r.example",scope="repository:user/image:pull,push"',
      [
        [
          'bearer',
          {
            realm: 'https://r.example/token',
            service: 'r.example',
            scope: 'repository:user/image:pull,push',
          },
        ],
      ],
    ],
    [
      'Bearer realm="https://g.example/jwt/auth",service="container_registry",scope="repository:a/b:pull",error="invalid_token"',
      [
        [
          'bearer',
          {
            realm: 'https://g.example/jwt/auth',
            service: 'container_registry',
            scope: 'repository:a/b:pull',
            error: 'invalid_token',
          },
        ],
      ],
    ],
    ['Bearer realm="a" , service="b"', [['bearer', { realm: 'a', service: 'b' }]]],
    ['Bearer realm="a \\"quoted\\" b"', [['bearer', { realm: 'a "quoted" b' }]]],
    [
      'Basic realm="x", Bearer realm="y",service="z"',
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', service: 'z' }],
      ],
    ],
    [
      'Bearer realm="y",service="z", Basic realm="x"',
      [
        ['bearer', { realm: 'y', service: 'z' }],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate a87421000492aa874209af8bc028==, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
    ['Bearer', [['bearer', {}]]],
    ['', []],
    [', ,', []],
    ['realm="x"', []],
    ['Bearer realm="unterminated', [['bearer', { realm: '' }]]],
  ])('%s', (header, expected) => {
    const found = parseChallenges([header]).map(({ scheme, parameters }) => [scheme, { ...parameters }]);
    expect(found).toEqual(expected);
  });

  it('reads every header line', () => {
    expect(parseChallenges(['Basic realm="a"', 'Bearer realm="b"']).map(({ scheme }) => scheme)).toEqual([
      'basic',
      'bearer',
    ]);
  });

  it('finds no challenge in hostile headers of 20,000 characters', () => {
    expect(parseChallenges(['"'.repeat(20_000)])).toEqual([]);
    expect(parseChallenges([`a${'='.repeat(20_000)}`])).toEqual([]);
  });
});
