import { expect, it } from 'vitest';
import { silentReporter } from '../../../src/reporter.ts';
import type { StatusRow, StatusState } from '../../../src/targets/target.ts';
import { waitUntilLoaded } from '../../../src/targets/wait.ts';

/** What a target says, look by look (the last one for ever), on a clock of its own. */
async function wait(states: readonly StatusState[], stepMs: number): Promise<readonly StatusRow[]> {
  let looks = 0;
  const target = {
    name: 'istio',
    inquire: () => () => ({
      filters: () => Promise.resolve(['f']),
      status: () => {
        const state = states[Math.min(looks++, states.length - 1)] ?? 'missing';
        const row = { where: 'here', filter: 'f', digest: undefined, expected: undefined, restarts: 0 };
        return Promise.resolve([{ ...row, state, detail: 'why' }]);
      },
    }),
  };
  const system = {
    cwd: '/',
    env: {},
    platform: process.platform,
    homeDir: '/',
    now: () => looks * stepMs,
    signal: new AbortController().signal,
    reporter: silentReporter,
  };
  const code = { from: 'image', reference: 'r', digest: undefined } as const;
  return waitUntilLoaded(target, { id: 'f', code }, {}, 60_000, system);
}

it('takes no verdict of what was there before for one of the new', async () => {
  expect(await wait(['failing', 'missing', 'loaded'], 1_000)).toMatchObject([{ state: 'loaded' }]);
});

it('takes a verdict that stays', async () => {
  await expect(wait(['rejected'], 5_000)).rejects.toMatchObject({
    code: 'DEPLOY_REJECTED',
    message: 'here: rejected: why',
  });
});

it('ends in time', async () => {
  await expect(wait(['missing'], 60_000)).rejects.toMatchObject({ code: 'DEPLOY_NOT_RUNNING' });
});
