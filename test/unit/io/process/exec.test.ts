import { describe, expect, it } from 'vitest';
import { exec } from '../../../../src/io/process/exec.ts';
import { newMachine } from '../../../helpers/cli/cli.ts';

describe.skipIf(process.platform === 'win32')('the exit code of a program', () => {
  it.each([
    ['that ends by itself', 'exit 3', 3],
    ['that is killed is 128 and the number of the signal', 'kill -9 $$', 137],
  ])('%s', async (_, script, exitCode) => {
    const { system } = newMachine();
    expect(await exec({ program: 'sh', args: ['-c', script] }, system)).toMatchObject({ exitCode });
  });
});
