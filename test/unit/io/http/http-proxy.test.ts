/** The variables decide on the proxy of a URL as in curl, Go and docker. */
import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../../src/io/http/http-proxy.ts';
import { proxyLogin } from '../../../../src/io/http/http-tunnel.ts';

const proxy = 'http://proxy.example:3128';
const through = (url: string, env: Record<string, string>): string | undefined =>
  proxyFor(new URL(url), env)?.href;

describe('the proxy', () => {
  it.each<[url: string, env: Record<string, string>, host: string | undefined]>([
    ['https://r.example/', { HTTPS_PROXY: proxy }, 'http://proxy.example:3128/'],
    ['https://r.example/', { https_proxy: proxy, HTTPS_PROXY: 'http://other:1' }, `${proxy}/`],
    ['http://r.example/', { HTTP_PROXY: proxy }, `${proxy}/`],
    ['http://r.example/', { HTTPS_PROXY: proxy }, undefined],
    ['https://r.example/', { HTTP_PROXY: proxy }, undefined],
    ['https://r.example/', { HTTPS_PROXY: 'proxy.example:3128' }, `${proxy}/`],
    ['https://r.example/', { HTTPS_PROXY: '' }, undefined],
    ['https://r.example/', {}, undefined],
    ['https://localhost:5000/', { HTTPS_PROXY: proxy }, undefined],
    ['https://127.0.0.9/', { HTTPS_PROXY: proxy }, undefined],
    ['https://[::1]:5000/', { HTTPS_PROXY: proxy }, undefined],
  ])('of %s with %j is %s', (url, env, expected) => {
    expect(through(url, env)).toBe(expected);
  });

  it.each<[list: string, url: string, exempt: boolean]>([
    ['*', 'https://r.example/', true],
    ['r.example', 'https://r.example/', true],
    ['R.Example', 'https://r.example/', true],
    ['example', 'https://r.example/', true],
    ['.example', 'https://r.example/', true],
    ['*.example', 'https://r.example/', true],
    ['ample', 'https://r.example/', false],
    ['other.example', 'https://r.example/', false],
    ['a.example, r.example', 'https://r.example/', true],
    ['a.example r.example', 'https://r.example/', true],
    ['r.example:443', 'https://r.example/', true],
    ['r.example:5000', 'https://r.example/', false],
    ['r.example:5000', 'https://r.example:5000/', true],
    ['10.0.0.0/8', 'https://10.1.2.3/', true],
    ['10.0.0.0/8', 'https://11.1.2.3/', false],
    ['10.0.0.0/8', 'https://r.example/', false],
    ['10.0.0.0/99', 'https://10.1.2.3/', false],
    ['10.1.2.3', 'https://10.1.2.3:5000/', true],
    ['2.3', 'https://10.1.2.3/', false],
    ['fd00::/8', 'https://[fd00::1]/', true],
    ['[fd00::1]:443', 'https://[fd00::1]/', true],
    ['', 'https://r.example/', false],
  ])('NO_PROXY=%s, %s: exempt %s', (list, url, exempt) => {
    expect(through(url, { HTTPS_PROXY: proxy, NO_PROXY: list }) === undefined).toBe(exempt);
  });

  it.each(['socks5://proxy.example', 'http://'])('%s is refused, and not quoted', text => {
    expect(() => through('https://r.example/', { HTTPS_PROXY: text })).toThrow(
      'HTTPS_PROXY is not the URL of an HTTP proxy',
    );
  });
});

it.each([
  ['http://me:p%40ss@proxy.example', 'me:p@ss'],
  ['http://me:50%@proxy.example', 'me:50%'],
  ['http://me@proxy.example', 'me:'],
])('the login of %s is %s', (url, login) => {
  const expected = `Basic ${Buffer.from(login).toString('base64')}`;
  expect(proxyLogin(new URL(url))).toEqual({ 'proxy-authorization': expected });
});
