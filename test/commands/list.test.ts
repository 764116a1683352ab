/** `wasme list`: the store as a table and as JSON. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListResult } from '../../src/list.ts';
import { OciLayout } from '../../src/oci/store/oci-layout.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { guest } from '../helpers/guests/guests.ts';

describe('list', () => {
  it('is empty without a store', async () => {
    const machine = newMachine();
    expect(await machine.wasme('list')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(JSON.parse((await machine.wasme('list', '--json')).stdout)).toEqual({ images: [] });
  });

  it('sorts names, searches them, and lists the others beside a damaged image', async () => {
    const machine = newMachine({ env: { WASME_HOME: undefined } });
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('convert', 'm.wasm', 'b.example/two:v1', '--layout', 'oci');
    await machine.wasme('convert', 'm.wasm', 'a.example/one:v1');
    const { stdout } = await machine.wasme('list', '--wide', '--digests');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^REFERENCE +DIGEST +SIZE +LAYOUT +ABI +ROOT IDS +VERSION$/);
    expect(lines[1]).toMatch(/^a\.example\/one:v1 +sha256:[0-9a-f]{64} +\S+ k?B +compat +v0\.2\.1/);
    expect(lines[2]).toMatch(/^b\.example\/two:v1 +sha256:[0-9a-f]{64} +\S+ k?B +oci/);
    expect((await machine.wasme('list', '--search', 'two')).stdout).not.toContain('one');

    const { images } = JSON.parse((await machine.wasme('list', '--json')).stdout) as ListResult;
    expect(images.map(({ version }) => version)).toEqual([null, null]);
    const store = new OciLayout(join(machine.home, '.local', 'share', 'wasme', 'store'), machine.system);
    rmSync(store.blobPath(images[0]?.digest ?? ''));
    const after = JSON.parse((await machine.wasme('list', '--json')).stdout) as ListResult;
    expect(after.images.map(image => image.layout)).toEqual(['damaged', 'oci']);
  });

  it('accepts --published of the old tool and names its replacement', async () => {
    const { exitCode, stderr } = await newMachine().wasme('list', '--published');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('help: wasme tags');
  });
});
