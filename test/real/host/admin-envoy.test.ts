/** Envoy's admin interface answers refused patterns as ours does, which unit/proxy/admin.test.ts checks. */
import { expect, it } from 'vitest';
import { realEnvoy } from '../../helpers/servers/envoy.ts';
import { refusedFilters } from '../../helpers/servers/stats-filters.ts';
import { describeWith } from '../../helpers/tools.ts';

const noListener = 'admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }\n';

describeWith(['envoy-1.40'], 'the admin interface of Envoy', () => {
  it('refuses a filter of statistics with 400 and RE2’s words', async () => {
    const envoy = await realEnvoy(noListener);
    for (const [pattern, fault] of refusedFilters) {
      const response = await fetch(`${envoy.admin.url}/stats?filter=${pattern}`);
      expect([response.status, await response.text()]).toEqual([400, `Invalid re2 regex: ${fault}`]);
    }
  });
});
