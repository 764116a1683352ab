/** Polls the status after a deployment until the filter runs everywhere, has failed somewhere, or time is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import type { DeployIntent } from './intent.ts';
import type { StatusRow, StatusState, DeployTarget } from './target.ts';

/** Pause between two polls. */
const pauseMs = 1_000;

/** Time after which a failed state counts as final; before that, it may still be that of the previous deployment. */
const settleMs = 5_000;
const final: readonly StatusState[] = ['rejected', 'fail-open', 'failing'];

/**
 * The rows when every one of them is `loaded`. Fails with DEPLOY_REJECTED when a control plane or proxy refused or could
 * not run the filter, and with DEPLOY_NOT_RUNNING when `timeoutMs` have passed.
 */
export async function waitUntilLoaded<Options>(
  target: Pick<DeployTarget<Options, unknown>, 'name' | 'inquire'>,
  { id, code }: Pick<DeployIntent, 'id' | 'code'>,
  options: Options,
  timeoutMs: number,
  system: SystemContext,
): Promise<readonly StatusRow[]> {
  if (target.inquire === undefined) {
    throw new WasmeError('USAGE', `${target.name} does not report the status of a filter`, {
      hint: 'leave --wait out',
    });
  }
  const look = target.inquire(options, system);
  const deadline = system.now() + timeoutMs;
  let failedSince: number | undefined;
  const task = system.reporter.task(`waiting until ${id} runs`);
  for (;;) {
    const rows = await look().status({ id, expected: code.digest });
    const waiting = rows.filter(({ state }) => state !== 'loaded');
    if (waiting.length === 0 && rows.length > 0) {
      task.done();
      return rows;
    }
    const failed = waiting.find(({ state }) => final.includes(state));
    const now = system.now();
    failedSince = failed === undefined ? undefined : (failedSince ?? now);
    if (now >= deadline || (failedSince !== undefined && now - failedSince >= settleMs)) {
      task.fail();
      throw notRunning(failed, waiting, rows, timeoutMs);
    }
    await sleep(pauseMs, undefined, { signal: system.signal }).catch((error: unknown) => {
      throw new WasmeError('INTERRUPTED', 'interrupted while waiting', { cause: error });
    });
  }
}

function notRunning(
  failed: StatusRow | undefined,
  waiting: readonly StatusRow[],
  rows: readonly StatusRow[],
  timeoutMs: number,
): WasmeError {
  const hint = 'it stays deployed: "wasme status" looks again, "wasme undeploy" takes it out';
  if (failed !== undefined) {
    return new WasmeError('DEPLOY_REJECTED', `${failed.where}: ${failed.state}: ${failed.detail}`, {
      hint,
      details: { rows },
    });
  }
  const first = waiting[0];
  const what = first === undefined ? 'nothing runs it' : `${first.where}: ${first.state}: ${first.detail}`;
  const more = waiting.length > 1 ? ` (and ${waiting.length - 1} more)` : '';
  return new WasmeError('DEPLOY_NOT_RUNNING', `after ${Math.round(timeoutMs / 1000)} s: ${what}${more}`, {
    hint,
    details: { rows },
  });
}
