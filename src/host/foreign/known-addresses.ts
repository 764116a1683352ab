/** Resolves names for which Envoy needs no name server. */
import type { ResolvedAddress } from '../types.ts';

/** Returns whether the name can be sent to a name server. */
export function isHostName(name: string): boolean {
  return /^[\w.*-]*$/.test(name) || isIpAddress(name);
}

/** Returns what is known without a name server: no address for a name that never has one, undefined for one to ask for. */
export function knownAddresses(name: string): readonly ResolvedAddress[] | undefined {
  if (isIpAddress(name)) return [{ address: name, ttlSeconds: 0 }];
  const lower = name.toLowerCase();
  if (lower === 'localhost' || lower.endsWith('.localhost')) return [{ address: '::1', ttlSeconds: 0 }];
  return lower === 'onion' || lower.endsWith('.onion') ? [] : undefined;
}

const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

/** Returns whether the text is an IPv4 or IPv6 address; a zone such as `%eth0` may follow the latter. */
export function isIpAddress(text: string): boolean {
  if (ipv4.test(text)) return true;
  const [left = '', right, ...more] = text.replace(/%[\w.:-]+$/, '').split('::');
  if (more.length > 0) return false;
  const before = groupCount(left, right === undefined);
  if (right === undefined) return before === 8;
  return before + groupCount(right, true) <= 7;
}

/** Counts the 16-bit groups of a half of an IPv6 address; not a number when one of them is invalid. */
function groupCount(half: string, isEnd: boolean): number {
  if (half === '') return 0;
  const groups = half.split(':');
  const sizes = groups.map((group, index) => {
    if (/^[\da-f]{1,4}$/i.test(group)) return 1;
    return isEnd && index === groups.length - 1 && ipv4.test(group) ? 2 : Number.NaN;
  });
  return sizes.reduce((sum: number, size) => sum + size, 0);
}
