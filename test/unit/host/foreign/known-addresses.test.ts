import { isIP } from 'node:net';
import { expect, it } from 'vitest';
import { isHostName, isIpAddress, knownAddresses } from '../../../../src/host/foreign/known-addresses.ts';

it('addresses, localhost and onion names are known without a name server, other names are not', () => {
  const only = (address: string) => [{ address, ttlSeconds: 0 }];
  expect(knownAddresses('10.0.0.1')).toEqual(only('10.0.0.1'));
  expect(knownAddresses('2001:db8::1')).toEqual(only('2001:db8::1'));
  expect(knownAddresses('some.localhost')).toEqual(only('::1'));
  expect(knownAddresses('name.onion')).toEqual([]);
  expect(knownAddresses('name.example')).toBeUndefined();
  expect(['a-b.example', '2001:db8::1', '', 'two words', 'a/b'].map(isHostName)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

it('a text is an address exactly where Node says so', () => {
  const given = [
    '',
    '::',
    '::1',
    '1::',
    ':1',
    '1:',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1::3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':::',
    '12345::',
    'g::',
    '::1.2.3.4',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    'fe80::1%eth0',
    'fe80::1%',
    '1.2.3.4%eth0',
    '%eth0',
  ];
  // A fixed generator: texts of the characters that addresses are made of.
  let seed = 7;
  const pick = (count: number): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % count;
  const parts = [':', ':', '::', '.', '1', '0', 'ab', 'fF01', '255', '256', '1.2.3.4', '%', 'e'];
  const made = Array.from({ length: 20_000 }, () =>
    Array.from({ length: 1 + pick(17) }, () => parts[(pick(65_536) >> 4) % parts.length]).join(''),
  );
  expect([...given, ...made].filter(text => isIpAddress(text) !== (isIP(text) !== 0))).toEqual([]);
});
