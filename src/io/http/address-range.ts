/** Sorts IP addresses and host names by who can be reached there. Decides before a socket opens; never asks a name server. */
import { BlockList, isIP } from 'node:net';

/** `link-local` and `metadata` answer only to this machine, and hand out credentials in clouds. */
export type AddressRange = 'loopback' | 'link-local' | 'metadata' | 'private' | 'public';

/** Checked in this order: Alibaba's metadata address lies within a private network. */
const networks: readonly (readonly [AddressRange, readonly string[]])[] = [
  // 0.0.0.0 and :: lead to this machine too.
  ['loopback', ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  // Azure, Alibaba, Oracle; Amazon and Google over IPv6. The usual 169.254.169.254 is link-local.
  [
    'metadata',
    ['168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32', 'fd00:ec2::/32', 'fd20:ce::254/128'],
  ],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10']],
];

const metadataNames =
  /^(?:metadata|metadata\.goog|(?:.+\.)?metadata\.google\.internal|instance-data(?:\..+)?)$/;

let lists: readonly (readonly [AddressRange, BlockList])[] | undefined;

/** Returns the range of an address: of version 4 or 6, also with a zone (`fe80::1%eth0`). */
export function rangeOfAddress(address: string): AddressRange {
  const bare = address.replace(/%.*$/, '');
  const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4';
  lists ??= networks.map(([range, members]) => [range, blockList(members)] as const);
  return lists.find(([, list]) => list.check(bare, family))?.[0] ?? 'public';
}

/**
 * Returns the range of a URL's `hostname`. The URL parser has made `0xa9fea9fe`, `2852039166` and the like plain by then.
 * A name that only a name server knows is `public`.
 */
export function rangeOfHost(hostname: string): AddressRange {
  const host = bareHost(hostname);
  if (isIP(host) !== 0) return rangeOfAddress(host);
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  return metadataNames.test(host) ? 'metadata' : 'public';
}

/** `[::1]` → `::1`, `LOCALHOST.` → `localhost`. */
export function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function blockList(members: readonly string[]): BlockList {
  const list = new BlockList();
  for (const member of members) {
    const [network = '', bits = ''] = member.split('/');
    if (isIP(network) === 6) {
      list.addSubnet(network, Number(bits), 'ipv6');
      continue;
    }
    list.addSubnet(network, Number(bits), 'ipv4');
    const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
    const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    // The list knows ::ffff:a.b.c.d itself; these are the other forms of version 6 that hold an address of version 4.
    for (const prefix of ['::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::']) {
      list.addSubnet(`${prefix}${hex}`, 96 + Number(bits), 'ipv6');
    }
    list.addSubnet(`2002:${hex}::`, 16 + Number(bits), 'ipv6');
  }
  return list;
}
