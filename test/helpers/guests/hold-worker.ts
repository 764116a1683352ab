/** Holds a worker thread of this process in a loop of JavaScript, where no guest is on its stack. */
import { existsSync, writeFileSync } from 'node:fs';
import { type NodeWorker, Session } from 'node:inspector';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { newMachine } from '../cli/cli.ts';
import { until } from '../until.ts';

/** Holds the newest worker thread that runs, until `release` is called or the test ends. Resolves when it is held. */
export async function holdNewestWorker(): Promise<{ readonly release: () => void }> {
  const folder = newMachine().cwd;
  const [held, end] = [join(folder, 'held'), join(folder, 'end')];
  const release = (): void => writeFileSync(end, '');
  onTestFinished(release);
  const session = new Session();
  session.connect();
  const workers: NodeWorker.AttachedToWorkerEventDataType[] = [];
  session.on('NodeWorker.attachedToWorker', ({ params }) => workers.push(params));
  await new Promise(resolve => session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, resolve));
  const numberOf = ({ workerInfo }: NodeWorker.AttachedToWorkerEventDataType): number =>
    Number(/\d+/.exec(workerInfo.title)?.[0]);
  const newest = workers.toSorted((a, b) => numberOf(b) - numberOf(a))[0];
  if (newest === undefined) throw new Error('no worker thread runs');
  const loop = `
    const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
    writeFileSync(${JSON.stringify(held)}, '');
    while (!existsSync(${JSON.stringify(end)}));`;
  const evaluate = { id: 1, method: 'Runtime.evaluate', params: { expression: `{${loop}}` } };
  session.post('NodeWorker.sendMessageToWorker', {
    sessionId: newest.sessionId,
    message: JSON.stringify(evaluate),
  });
  await until(
    () => existsSync(held) || undefined,
    () => 'the worker does not run what the inspector gave it',
  );
  session.disconnect();
  return { release };
}
