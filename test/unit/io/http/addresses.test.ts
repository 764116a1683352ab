import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { expect, it, onTestFinished } from 'vitest';
import { lookUpAddresses } from '../../../../src/io/http/addresses.ts';

/** A name server on this machine: records by `name type`, each with the seconds it holds. */
async function nameServer(records: Readonly<Record<string, readonly [ttl: number, data: number[]][]>>) {
  const server = createSocket('udp4');
  server.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const name = query
      .subarray(13, end - 5)
      .toString('latin1')
      .replace(/[\x00-\x1f]/g, '.');
    const type = query.readUInt16BE(end - 4);
    const found = records[`${name} ${type === 28 ? 'AAAA' : 'A'}`] ?? [];
    const answers = found.map(([ttl, data]) => {
      const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
      head.writeUInt32BE(ttl, 6);
      return Buffer.concat([head, Buffer.from(data)]);
    });
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(found.length > 0 ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(found.length, 6);
    head.writeUInt32BE(0, 8);
    server.send(Buffer.concat([head, query.subarray(12, end), ...answers]), from.port, from.address);
  });
  await new Promise<void>(resolve => server.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
  return resolver;
}

it('lookUpAddresses returns IPv6 addresses, else IPv4 ones, with their time to live, else those of the system', async () => {
  const servers = await nameServer({
    'both.example A': [[60, [10, 0, 0, 1]]],
    'both.example AAAA': [[99, [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]],
    'four.example A': [
      [60, [10, 0, 0, 1]],
      [77, [10, 0, 0, 2]],
    ],
  });
  expect(await lookUpAddresses('both.example', servers)).toEqual([
    { address: '2001:db8::1', ttlSeconds: 99 },
  ]);
  expect(await lookUpAddresses('four.example', servers)).toEqual([
    { address: '10.0.0.1', ttlSeconds: 60 },
    { address: '10.0.0.2', ttlSeconds: 77 },
  ]);
  expect((await lookUpAddresses('localhost', servers)).every(({ ttlSeconds }) => ttlSeconds === 0)).toBe(
    true,
  );
});
