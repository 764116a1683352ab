import { expect, it } from 'vitest';
import { get, openStream } from '../../../helpers/guests/test-environment.ts';
import { scriptedGuest } from '../../../helpers/guests/scripted-guest.ts';

it.each([0, 2, 5])('proxy_get_log_level writes the level that proxy_log filters by: %i', async level => {
  const seen: number[] = [];
  const { host, plugin, machine } = await scriptedGuest(
    {
      request_headers: guest => {
        seen.push(
          guest.call('proxy_get_log_level', 1024),
          guest.u32(1024),
          guest.call('proxy_get_log_level', -4),
        );
        for (let each = 0; each <= 5; each++) guest.log(`level ${each}`, each);
      },
    },
    { host: { logLevel: () => level } },
  );
  openStream(host, [plugin]).stream.decodeHeaders(get(), true);
  expect(seen).toEqual([0, level, 6]);
  expect(machine.logs).toHaveLength(6 - level);
});
