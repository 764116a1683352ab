/**
 * A native plan inside docker or podman: one container for all steps, with the project at the path it has outside. What
 * else lies outside of the project is not there, but for the folders that the plan names.
 */
import type { BuildPlan } from '../toolchain.ts';

export interface ContainerOptions {
  readonly engine: string;
  readonly image: string;
  /** Name of the container; must be free. */
  readonly name: string;
  readonly projectDir: string;
  /** `uid:gid` of the project's owner, so that results belong to the person; undefined: the image's user. */
  readonly user: string | undefined;
  /** The engine runs as an ordinary user and maps that user to root in its containers (podman without root). */
  readonly mapsUser: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a build needs of the caller's environment: proxies and Go's module proxy. */
const passedOn = /^(https?_proxy|no_proxy|goproxy|goflags|cargo_net_offline)$/i;

/** The same plan with every step run by `engine exec`. */
export function inContainer(plan: BuildPlan, options: ContainerOptions): BuildPlan {
  const { engine, image, name, projectDir, user, mapsUser, env } = options;
  // By name alone: the engine takes the value from its own environment, so that a proxy's password is in no command line.
  const names = Object.keys(env).filter(key => passedOn.test(key) && env[key] !== undefined);
  const start = {
    program: engine,
    args: [
      // podman would wait ten seconds for a program that does not listen to its end.
      ...['run', '--detach', '--rm', '--stop-timeout', '0', '--name', name],
      ...['--volume', `${projectDir}:${projectDir}`, '--workdir', projectDir],
      ...(plan.reads ?? []).flatMap(folder => ['--volume', `${folder}:${folder}:ro`]),
      // SELinux would hide the folders from the container; relabelling a person's own files is the worse way.
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
    ...(plan.noModuleHint === undefined ? {} : { noModuleHint: plan.noModuleHint }),
    steps: [start, ...steps],
    cleanup: [{ program: engine, args: ['rm', '--force', name] }],
  };
}
