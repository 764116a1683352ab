import { expect, it } from 'vitest';
import { type AddressRange, rangeOfAddress, rangeOfHost } from '../../../../src/io/http/address-range.ts';

/** As a URL spells its host, after the URL parser had it. */
const rangeInUrl = (host: string): AddressRange => rangeOfHost(new URL(`http://${host}/`).hostname);

it.each<[AddressRange, readonly string[]]>([
  [
    'link-local',
    [
      ...[
        '169.254.169.254',
        '169.254.0.1.',
        '2852039166',
        '0xa9fea9fe',
        '0251.0376.0251.0376',
        '169.16689662',
      ],
      ...['0xa9.254.0250.1', '[fe80::1]', '[febf::1]', '[::ffff:169.254.169.254]', '[::169.254.169.254]'],
      ...['[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::1]', '[0:0:0:0:0:ffff:a9fe:a9fe]', '１６９.254.169.254'],
    ],
  ],
  [
    'metadata',
    [
      ...['168.63.129.16', '100.100.100.200', '192.0.0.192', '[fd00:ec2::254]', '[fd20:ce::254]'],
      ...['metadata', 'metadata.google.internal', 'METADATA.google.internal.', 'metadata.goog'],
      ...['instance-data', 'instance-data.ec2.internal'],
    ],
  ],
  [
    'loopback',
    [
      ...[
        'localhost',
        'localhost.',
        'LocalHost',
        'a.localhost',
        '127.0.0.1',
        '127.255.0.3',
        '127.1',
        '0x7f.1',
      ],
      ...[
        '2130706433',
        '017700000001',
        '0.0.0.0',
        '0',
        '[::1]',
        '[::]',
        '[::ffff:127.0.0.1]',
        '[::ffff:7f00:1]',
      ],
    ],
  ],
  [
    'private',
    ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '[fd12::1]', '[fc00::1]'],
  ],
  [
    'public',
    [
      ...[
        'registry.example',
        '169.253.1.1',
        '172.32.0.1',
        '11.0.0.1',
        '[2001:db8::1]',
        '[fe00::1]',
        '128.0.0.1',
      ],
      ...['localhost.example', 'metadata.example', 'nolocalhost', '[::ffff:8.8.8.8]'],
    ],
  ],
])('a host of a URL is %s in every spelling', (range, hosts) => {
  expect(Object.fromEntries(hosts.map(host => [host, rangeInUrl(host)]))).toEqual(
    Object.fromEntries(hosts.map(host => [host, range])),
  );
});

it('an address with a zone, as resolvers give it, is link-local', () => {
  expect(rangeOfAddress('fe80::1%eth0')).toBe('link-local');
});
