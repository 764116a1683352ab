/** `wasme inspect`: what it says about files and images, and its JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { InspectResult } from '../../src/inspect.ts';
import { newMachine } from '../helpers/cli/cli.ts';
import { compileWat, guest } from '../helpers/guests/guests.ts';
import { component, filterText } from '../helpers/guests/images.ts';

const reference = 'registry.example/team/filter:v1';

describe('inspect', () => {
  it('prints ABI, imports by module, callbacks, memory and loaders of a module', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    const { exitCode, stdout, stderr } = await machine.wasme('inspect', 'm.wasm');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^abi +0\.2\.1$/m);
    expect(stdout).toMatch(/^imports env +3$/m);
    expect(stdout).toMatch(/^callbacks +proxy_on_context_create proxy_on_vm_start /m);
    expect(stdout).toMatch(/^memory +131 kB at start, no limit of its own$/m);
    expect(stdout).toMatch(/^loaded by +envoy, istio, envoy-gateway, higress, gloo@ee, gcp$/m);
    expect((await machine.wasme('inspect', 'm.wasm', '--all')).stdout).toMatch(
      /^import +env\.proxy_log: i32 i32 i32 -> i32$/m,
    );
  });

  it('names the command that explains why a host refuses the image', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('convert', 'm.wasm', reference, '--layout', 'compat');
    const { stdout } = await machine.wasme('inspect', reference);
    expect(stdout).toMatch(/^refused by +gloo@ee\nwhy: wasme verify registry\.example\/team\/filter:v1\n$/m);
  });

  it('prints digests, layout, runtime config and annotations of an image, and every documented field with --json', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), guest('deploy-tag'));
    await machine.wasme('convert', 'm.wasm', reference, '--layout', 'oci', '--annotation', 'a.b/c=d');
    const text = await machine.wasme('inspect', reference);
    expect(text.stdout).toMatch(/^layout +oci: /m);
    expect(text.stdout).toMatch(/^a\.b\/c +d$/m);
    const result = JSON.parse((await machine.wasme('inspect', reference, '--json')).stdout) as InspectResult;
    expect(Object.keys(result).sort()).toEqual(['image', 'kind', 'module', 'problem', 'target', 'verdicts']);
    expect(result.image).toEqual({
      reference,
      place: 'store',
      digest: expect.stringMatching(/^sha256:/) as string,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: null,
      sizeBytes: expect.any(Number) as number,
      index: null,
      layout: 'oci',
      layoutText: expect.any(String) as string,
      config: expect.objectContaining({ title: 'runtime-config.json' }) as object,
      layers: [
        expect.objectContaining({ title: 'runtime-config.json' }),
        expect.objectContaining({
          title: 'filter.wasm',
          mediaType: expect.stringContaining('wasm') as string,
        }),
      ],
      modulePath: 'layer application/vnd.module.wasm.content.layer.v1+wasm',
      runtimeConfig: { type: 'envoy_proxy', abiVersions: ['v0.2.1'], rootIds: [] },
      annotations: expect.objectContaining({ 'a.b/c': 'd' }) as object,
      documents: [],
      warnings: [],
      referrers: [],
      signatures: 0,
    });
    expect(result.module).toMatchObject({
      kind: 'module',
      abi: '0.2.1',
      memory: { minimum: 131_072, maximum: null },
      findings: [],
    });
  });

  it('reports a component as a component', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'c.wasm'), component);
    const { stdout } = await machine.wasme('inspect', 'c.wasm');
    expect(stdout).toContain('a component, not a filter');
    expect(stdout).toMatch(/^loaded by +none$/m);
  });

  it('reports the fault of a damaged module, and that no host loads it', async () => {
    const machine = newMachine();
    writeFileSync(join(machine.cwd, 'm.wasm'), compileWat(filterText()).subarray(0, 60));
    const { exitCode, stdout } = await machine.wasme('inspect', 'm.wasm');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('no module: Failed to parse corrupted Wasm module');
  });
});
