/**
 * Converts a native plan to one that runs in docker or podman: one container for all steps, with the project at the same
 * path as outside. Of what lies outside the project, only the folders that the plan names are mounted.
 */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { findProgram } from '../../io/process/program.ts';
import type { BuildPlan } from '../toolchain.ts';

export interface ContainerOptions {
  readonly engine: string;
  readonly image: string;
  /** Name of the container; must be unused. */
  readonly name: string;
  readonly projectDir: string;
  /** `uid:gid` of the project's owner, so that the results belong to that user; undefined: the image's user. */
  readonly user: string | undefined;
  /** The engine runs as an ordinary user and maps that user to root in its containers (podman without root). */
  readonly mapsUser: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Returns docker or podman as an absolute path; WASME_USE_PODMAN prefers podman, as in the old wasme. Fails with TOOL_MISSING. */
export function containerEngine(system: SystemContext): string {
  const names = system.env['WASME_USE_PODMAN'] ? ['podman', 'docker'] : ['docker', 'podman'];
  for (const name of names) {
    const path = findProgram(name, system);
    if (path !== undefined) return path;
  }
  throw new WasmeError('TOOL_MISSING', 'neither docker nor podman is on PATH', {
    hint: 'install one of them, or omit --toolchain container to build with local tools',
  });
}

/** Variables of the caller that a build needs: proxies and Go's module proxy. */
const passedOn = /^(https?_proxy|no_proxy|goproxy|goflags|cargo_net_offline)$/i;

/** Returns the same plan with every step run by `engine exec`. */
export function inContainer(plan: BuildPlan, options: ContainerOptions): BuildPlan {
  const { engine, image, name, projectDir, user, mapsUser, env } = options;
  // Only the names: the engine takes the values from its own environment, so that no command line shows a proxy's password.
  const names = Object.keys(env).filter(key => passedOn.test(key) && env[key] !== undefined);
  const start = {
    program: engine,
    args: [
      // podman would wait ten seconds for a program that ignores SIGTERM.
      ...['run', '--detach', '--rm', '--stop-timeout', '0', '--name', name],
      ...['--volume', `${projectDir}:${projectDir}`, '--workdir', projectDir],
      ...(plan.reads ?? []).flatMap(folder => ['--volume', `${folder}:${folder}:ro`]),
      // SELinux would hide the folders from the container; relabelling the user's files would be worse.
      ...['--security-opt', 'label=disable'],
      ...(mapsUser ? ['--userns', 'keep-id'] : user === undefined ? [] : ['--user', user]),
      ...['HOME=/tmp', ...names].flatMap(variable => ['--env', variable]),
      ...['--entrypoint', 'sleep', image, '7200'],
    ],
  };
  const steps = plan.steps.map(({ program, args, cwd, env: own }) => ({
    program: engine,
    args: [
      'exec',
      ...(cwd === undefined ? [] : ['--workdir', cwd]),
      ...Object.entries(own ?? {}).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      name,
      program,
      ...args,
    ],
  }));
  return {
    module: plan.module,
    inputs: plan.inputs,
    ...(plan.sidecars === undefined ? {} : { sidecars: plan.sidecars }),
    ...(plan.warnings === undefined ? {} : { warnings: plan.warnings }),
    ...(plan.noModuleHint === undefined ? {} : { noModuleHint: plan.noModuleHint }),
    steps: [start, ...steps],
    cleanup: [{ program: engine, args: ['rm', '--force', name] }],
  };
}
