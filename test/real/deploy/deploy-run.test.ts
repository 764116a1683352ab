/** `deploy envoy --run` with real programs: Envoy itself, and func-e in front of it. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Screen, newMachine } from '../../helpers/cli/cli.ts';
import { guestFile } from '../../helpers/guests/guests.ts';
import { freePort } from '../../helpers/servers/ports.ts';
import { compileProbe } from '../../helpers/guests/probe/compile.ts';
import { call, http, step } from '../../helpers/guests/probe/script.ts';
import { type ToolName, describeWith, tool } from '../../helpers/tools.ts';

describeWith(['envoy-1.40', 'func-e'], 'deploy envoy --run', () => {
  it.each<[string, ToolName]>([
    ['envoy', 'envoy-1.40'],
    ['func-e', 'func-e'],
  ])('starts %s from PATH, serves, and ends it with Ctrl-C', async (name, program) => {
    const interrupt = new AbortController();
    const machine = newMachine({ signal: interrupt.signal });
    const bin = join(machine.home, 'bin');
    mkdirSync(bin);
    symlinkSync(tool(program), join(bin, name));
    // Everything that func-e writes stays on this test machine; the Envoy is an installed one.
    Object.assign(machine.env, {
      PATH: bin,
      ENVOY_PATH: tool('envoy-1.40'),
      FUNC_E_RUNTIME_DIR: join(machine.home, 'run'),
    });
    guestFile(machine.cwd, 'deploy-tag');
    const [port, admin] = [await freePort(), await freePort()];
    const argv = [
      'deploy',
      'envoy',
      'deploy-tag.wasm',
      '--config',
      'run',
      '-p',
      `${port}`,
      '--admin',
      `${admin}`,
    ];
    const screen: Screen = { out: '', err: '' };
    const ended = machine.wasmeLive(screen, ...argv, '--run');
    await expect.poll(() => screen.err).toContain('Envoy is ready');
    // Ready is said when the workers start; the listener takes connections a moment later.
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${port}`).catch(() => undefined))?.status)
      .toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}`)).headers.get('x-tag')).toBe('run');
    interrupt.abort();
    expect(await ended).toBe(130);
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${admin}/ready`).then(
          () => 'runs',
          () => 'ended',
        ),
      )
      .toBe('ended');
  });

  it('marks the further lines of a message, so that a filter forges none of Envoy', async () => {
    const interrupt = new AbortController();
    const machine = newMachine({ signal: interrupt.signal });
    const forged = '[2026-01-01 00:00:00.000][1][critical][main] [a.cc:1] forged';
    const probe = compileProbe({
      callbacks: http({ on_configure: step([call('log', 3, `first\n${forged}\u001b[2J`)]) }),
    });
    writeFileSync(join(machine.cwd, 'probe.wasm'), probe);
    const [port, admin] = [await freePort(), await freePort()];
    const screen: Screen = { out: '', err: '' };
    const flags = ['-p', `${port}`, '--admin', `${admin}`, '--run', '--envoy', tool('envoy-1.40')];
    const ended = machine.wasmeLive(screen, 'deploy', 'envoy', 'probe.wasm', ...flags);
    await expect.poll(() => screen.err).toContain('Envoy is ready');
    interrupt.abort();
    expect(await ended).toBe(130);
    expect(screen.err).toMatch(/^\[\d{4}-[^\n]*\]\[warning\]\[wasm\] \[[^\n]*first\n {2}\| \[2026-01-01 /m);
    expect(screen.err).not.toMatch(/^\[2026-01-01 00/m);
    expect(screen.err).not.toContain('\u001b');
    expect(screen.err).not.toContain('\u001e');
  });
});
