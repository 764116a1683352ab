/** Chooses the proxy for a URL by HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
import { BlockList, isIP } from 'node:net';
import { WasmeError } from '../../errors.ts';
import { bareHost, rangeOfHost } from './address-range.ts';
import type { SystemContext } from '../system-context.ts';

/** Returns true for a name or address of this machine: it is reached without a proxy, and by plain HTTP without a flag. */
export function isLoopback(hostname: string): boolean {
  return rangeOfHost(hostname) === 'loopback';
}

/** The proxy for a URL (lower-case variables win), or undefined. Fails with USAGE for one that is no HTTP URL. */
export function proxyFor(url: URL, env: SystemContext['env']): URL | undefined {
  const read = (name: string): string | undefined => env[name] || env[name.toUpperCase()] || undefined;
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const text = read(name);
  if (text === undefined || isLoopback(url.hostname) || isExempt(url, read('no_proxy') ?? ''))
    return undefined;
  const whole = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(whole) ? new URL(whole) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  // Not quoted: it may hold a password.
  throw new WasmeError('USAGE', `${name.toUpperCase()} is not the URL of an HTTP proxy`, {
    hint: 'write it as http://proxy.example:3128; SOCKS proxies are not supported',
  });
}

/** NO_PROXY entries: `*`, host, .suffix, address, CIDR; each with an optional port. */
function isExempt(url: URL, list: string): boolean {
  const host = bareHost(url.hostname);
  const port = portOf(url);
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some(entry => {
      if (entry === '*') return true;
      if (entry === '') return false;
      if (entry.includes('/')) return isInNetwork(host, entry);
      const [, name = entry, wantedPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
      if (wantedPort !== undefined && wantedPort !== port) return false;
      const bare = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
      return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
    });
}

function isInNetwork(host: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIP(network);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d+$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(network, Number(bits), kind);
  return block.check(host, kind);
}

/** Returns the port of the URL, or the default of its scheme. */
function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}
