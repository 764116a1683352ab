import { expect, it } from 'vitest';
import { silentReporter } from '../../../src/reporter.ts';
import type { StatusRow, StatusState } from '../../../src/targets/target.ts';
import { waitUntilLoaded } from '../../../src/targets/wait.ts';

/** Waits on a fake target that reports these states one after the other, then always the last, on a fake clock. */
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

it('waitUntilLoaded does not report the failure of the previous version as one of the new version', async () => {
  expect(await wait(['failing', 'missing', 'loaded'], 1_000)).toMatchObject([{ state: 'loaded' }]);
});

it('waitUntilLoaded fails with DEPLOY_REJECTED when a rejection persists', async () => {
  await expect(wait(['rejected'], 5_000)).rejects.toMatchObject({
    code: 'DEPLOY_REJECTED',
    message: 'here: rejected: why',
  });
});

it('waitUntilLoaded fails with DEPLOY_NOT_RUNNING when the filter is still missing at the time limit', async () => {
  await expect(wait(['missing'], 60_000)).rejects.toMatchObject({ code: 'DEPLOY_NOT_RUNNING' });
});
