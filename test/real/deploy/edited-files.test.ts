/** Files in unusual forms with a filter in them, read by real Envoys. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newMachine } from '../../helpers/cli/cli.ts';
import { editableFiles, singleValueFiles } from '../../helpers/deploy/envoy-files.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';

describeWith(['envoy-1.40', 'envoy-1.36'], 'files that real Envoys read', () => {
  /** Exit codes of both Envoys for the file. */
  function validated(cwd: string, file: string): (number | null)[] {
    return (['envoy-1.40', 'envoy-1.36'] as const).map(
      name =>
        spawnSync(tool(name), ['--mode', 'validate', '-c', join(cwd, file), '--disable-hot-restart']).status,
    );
  }

  it.each(editableFiles)('$title: before and after a filter went in', async ({ kind, text }) => {
    const machine = newMachine();
    guestFile(machine.cwd, 'deploy-tag');
    writeFileSync(join(machine.cwd, 'e.yaml'), text);
    const line = [
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--in',
      'e.yaml',
      '-o',
      'edited.yaml',
      '--kind',
      kind,
    ];
    expect(await machine.wasme(...line, '--envoy-version', '1.36')).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    expect(validated(machine.cwd, 'e.yaml')).toEqual([0, 0]);
    expect(validated(machine.cwd, 'edited.yaml')).toEqual([0, 0]);
  });

  it.each(singleValueFiles)('a single value for $title', ({ text }) => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'e.yaml'), text);
    expect(validated(machine.cwd, 'e.yaml')).toEqual([0, 0]);
  });
});
