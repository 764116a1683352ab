/**
 * `build --toolchain container` in a real podman. No registry of images is reachable from here, so the images have the
 * names that are asked for and the programs of this machine: what is shown is the container, not what others put into it.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { build } from '../../../src/build.ts';
import { init } from '../../../src/init.ts';
import type { Language } from '../../../src/project/schema.ts';
import { toolchains } from '../../../src/toolchains/index.ts';
import { sharePackages, sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { compilerContext } from '../../helpers/projects/compilers.ts';
import { describeWith, tool, toolsDir } from '../../helpers/tools.ts';
import { until } from '../../helpers/until.ts';

const folder = sharedFolder();
const timeoutMs = 300_000;

/** podman with a store and settings of its own. */
const env = {
  ...compilerContext.env,
  PATH: join(folder, 'bin'),
  CONTAINERS_CONF: join(folder, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
};
const system = { ...compilerContext, env };

/** The C library that TinyGo's own image brings built. */
const tinygoCache = join(homedir(), '.cache', 'tinygo');

const settings = `[containers]
default_ulimits = ["nofile=4000:4000", "nproc=4000:4000"]
netns = "host"
volumes = ["/usr:/usr:ro", "/etc/ssl:/etc/ssl:ro", "${toolsDir}:${toolsDir}:ro", "${tinygoCache}:/tmp/.cache/tinygo"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
`;

function podman(...args: string[]): string {
  const options = { env: { ...process.env, ...env, PATH: process.env['PATH'] }, encoding: 'utf8' } as const;
  return execFileSync(tool('podman'), args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** An almost empty image under the name that the toolchain asks for; programs come from /usr. */
function makeImage(language: Language): void {
  const image = toolchains[language].containerImage;
  const root = join(folder, `image-${language}`);
  for (const name of ['usr', 'proc', 'sys', 'dev', 'etc/ssl', 'tmp', 'opt/wasi-sdk/bin'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  chmodSync(join(root, 'tmp'), 0o777);
  // Debian has its libraries for WASI under the other of the two names.
  const clang = join(root, 'opt', 'wasi-sdk', 'bin', 'clang++');
  // A project with a file `wait` is never done.
  const wait = '[ ! -e wait ] || { touch waits; exec sleep 3600; }';
  writeFileSync(clang, `#!/bin/sh\n${wait}\nshift\nexec /usr/bin/clang++-19 --target=wasm32-wasi "$@"\n`);
  chmodSync(clang, 0o755);
  const archive = join(folder, `image-${language}.tar`);
  execFileSync('tar', ['-C', root, '-cf', archive, '.']);
  podman('import', '--change', `ENV PATH=/usr/local/go/bin:${toolsDir}/tinygo/bin:/usr/bin`, archive, image);
}

async function made(language: Language, name: string): Promise<string> {
  const dir = join(folder, name);
  await init({ dir, name: 'in-container', language }, compilerContext);
  return dir;
}

describeWith(['podman', 'clang-wasi', 'go', 'tinygo', 'npm'], 'in a container of podman', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(tool('podman'), join(folder, 'bin', 'podman'));
    writeFileSync(join(folder, 'containers.conf'), settings);
    const paths = `graphroot = "${folder}/store"\nrunroot = "${folder}/run"`;
    writeFileSync(join(folder, 'storage.conf'), `[storage]\ndriver = "vfs"\n${paths}\n`);
    for (const language of ['assemblyscript', 'cpp', 'tinygo', 'go'] as const) makeImage(language);
  }, timeoutMs);

  it.each(['assemblyscript', 'cpp', 'tinygo', 'go'] as const)(
    '%s: the same bytes as without one, owned by the owner of the project',
    async language => {
      const dir = await made(language, `${language} "ü" in`);
      if (language === 'assemblyscript') {
        await sharePackages(folder, dir);
        // Packages elsewhere, behind a link, are not in the container.
        const shared = realpathSync(join(dir, 'node_modules'));
        rmSync(join(dir, 'node_modules'));
        cpSync(shared, join(dir, 'node_modules'), { recursive: true });
      }
      const outside = await build({ dir }, compilerContext);
      const inside = await build({ dir, toolchain: 'container' }, system);
      expect(inside).toMatchObject({ toolchain: 'container', upToDate: false, sha256: outside.sha256 });
      expect(statSync(inside.module).uid).toBe(statSync(dir).uid);
      expect(podman('ps', '--all', '--quiet')).toBe('');
      const again = await build({ dir, toolchain: 'container' }, system);
      expect(again.upToDate).toBe(true);
    },
    timeoutMs,
  );

  it(
    'C++ without the SDK in the project sees that of wasme',
    async () => {
      const dir = await made('cpp', 'without sdk');
      rmSync(join(dir, 'sdk'), { recursive: true });
      expect(await build({ dir, toolchain: 'container' }, system)).toMatchObject({ abiVersion: '0.2.1' });
    },
    timeoutMs,
  );

  it(
    "the compiler's error has its place in the source, and the container is gone",
    async () => {
      const dir = await made('cpp', 'with a fault');
      writeFileSync(join(dir, 'filter.cc'), 'int f() {\n  return nothing;\n}\n');
      const failing = build({ dir, toolchain: 'container' }, system);
      await expect(failing).rejects.toThrow('filter.cc:2:10: error: ');
      expect(podman('ps', '--all', '--quiet')).toBe('');
    },
    timeoutMs,
  );

  it(
    'Ctrl-C ends the container and leaves nothing half-written',
    async () => {
      const dir = await made('cpp', 'interrupted');
      writeFileSync(join(dir, 'wait'), '');
      const interrupt = new AbortController();
      const running = build({ dir, toolchain: 'container' }, { ...system, signal: interrupt.signal });
      const ended = expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await until(
        () => existsSync(join(dir, 'waits')),
        () => podman('ps', '--all'),
      );
      expect(podman('ps', '--quiet')).not.toBe('');
      interrupt.abort();
      await ended;
      expect(podman('ps', '--all', '--quiet')).toBe('');
      expect(readdirSync(join(dir, 'build'))).toEqual(['.wasme']);
    },
    timeoutMs,
  );
});
