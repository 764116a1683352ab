/** `wasme build --toolchain container` with a fake docker that runs the commands of `exec` on this machine. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TestMachine, newMachine } from '../helpers/cli/cli.ts';
import { type FakeWish, fakeProject } from '../helpers/projects/fake-project.ts';

/** Like docker: exec needs the name of a running container, options come before the name, and the exit code is the command's. */
const script = `#!/bin/sh
echo "$@" >> "$HOME/calls"
verb=$1; shift
case $verb in
  run)
    while [ "$1" != --name ]; do shift; done
    [ -e "$HOME/$2" ] && { echo "Conflict. The container name $2 is already in use" >&2; exit 125; }
    touch "$HOME/$2" ;;
  exec)
    while [ "\${1#-}" != "$1" ]; do shift 2; done
    [ -e "$HOME/$1" ] || { echo "No such container: $1" >&2; exit 1; }
    shift
    exec "$@" ;;
  rm) rm -f "$HOME/$2" ;;
esac
`;

function containerMachine(engine: string, wish?: FakeWish): { machine: TestMachine; calls: () => string[] } {
  const machine = newMachine();
  const bin = join(machine.home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, engine), script);
  chmodSync(join(bin, engine), 0o755);
  machine.env['PATH'] = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
  fakeProject(join(machine.cwd, 'p q'), wish);
  return { machine, calls: () => readFileSync(join(machine.home, 'calls'), 'utf8').trim().split('\n') };
}

describe('build --toolchain container', () => {
  it('runs the steps in one container and removes it', async () => {
    const { machine, calls } = containerMachine('docker');
    const outcome = await machine.wasme('build', 'p q', '--toolchain', 'container');
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    const [run, exec, remove, ...rest] = calls();
    const dir = join(machine.cwd, 'p q');
    expect(run).toContain(`--volume ${dir}:${dir} --workdir ${dir}`);
    expect(run).toMatch(/--entrypoint sleep docker\.io\/library\/node:22 7200$/);
    expect(exec).toMatch(
      /^exec .*wasme-build-[0-9a-f]{12} node --enable-source-maps .*asc\.js --target release/,
    );
    expect(remove).toMatch(/^rm --force wasme-build-/);
    expect(rest).toEqual([]);
  });

  it('passes proxy variables to the container by name, and prints no password of them', async () => {
    const { machine, calls } = containerMachine('docker');
    machine.env['HTTPS_PROXY'] = 'me:secret@proxy.test:3128';
    machine.env['UNRELATED'] = 'x';
    const outcome = await machine.wasme('build', 'p q', '--toolchain', 'container', '-v');
    expect(outcome.exitCode).toBe(0);
    expect(calls()[0]).toContain('--env HOME=/tmp --env HTTPS_PROXY --entrypoint');
    expect(outcome.stdout + outcome.stderr).not.toContain('secret');
  });

  it('removes the container after a failed build, and prints the error of the compiler', async () => {
    const { machine, calls } = containerMachine('docker', 'error');
    const { exitCode, stderr } = await machine.wasme('build', 'p q', '--toolchain', 'container');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('assembly/index.ts:3:10: error: ');
    expect(calls().at(-1)).toMatch(/^rm --force/);
  });

  it('uses podman with WASME_USE_PODMAN=1', async () => {
    const { machine, calls } = containerMachine('podman');
    machine.env['WASME_USE_PODMAN'] = '1';
    expect((await machine.wasme('build', 'p q', '--toolchain', 'container')).exitCode).toBe(0);
    // Without root podman maps the person to root in the container, unless it is told not to.
    const isRoot = process.getuid?.() === 0;
    expect(calls()[0]).toMatch(isRoot ? /--user \d+:\d+/ : /--userns keep-id/);
  });

  it('fails with TOOL_MISSING if neither docker nor podman is on PATH', async () => {
    const machine = newMachine({ env: { PATH: '/nowhere' } });
    fakeProject(join(machine.cwd, 'p'));
    const { exitCode, stderr } = await machine.wasme('build', 'p', '--toolchain', 'container');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[TOOL_MISSING]: neither docker nor podman is on PATH');
  });
});
