/** How to get what is missing: the remedy that fits this system, and the cache for npm packages that are tools. */
import type { Edges } from '../../io/edges.ts';
import { type CommandLine, showCommand } from '../../io/exec.ts';
import { findProgram } from '../../io/program.ts';
import { toolCacheDir } from './probe.ts';
import type { Probe, Remedy } from '../toolchain.ts';

/** What a person is told, and what `doctor --fix` may run. */
export interface InstallStep {
  /** What to type, or a sentence. */
  readonly text: string;
  /** One after the other. Absent: only a person can do it (root, a download page). */
  readonly commands?: readonly CommandLine[];
}

/** The first way to get a tool that works on this system. */
export function fixFor(probe: Probe, projectDir: string, edges: Edges): InstallStep {
  const needsNpm = probe.kind === 'package';
  if (needsNpm && findProgram('npm', edges) === undefined)
    return { text: 'npm comes with Node: https://nodejs.org' };
  if (needsNpm && probe.from === 'cache') {
    const wanted = probe.minimum === undefined ? probe.package : `${probe.package}@^${probe.minimum}`;
    return asFix({
      command: { program: 'npm', args: ['install', '--no-save', '--prefix', toolCacheDir(edges), wanted] },
    });
  }
  const remedy = probe.remedies.find(
    ({ platforms, has }) =>
      (platforms === undefined || platforms.includes(edges.platform)) &&
      (has === undefined || findProgram(has, edges) !== undefined),
  );
  return asFix(remedy ?? { text: `install ${probe.title}` }, projectDir);
}

function asFix({ command, before, needsRoot, text }: Remedy, cwd?: string): InstallStep {
  if (command === undefined) return { text: text ?? '' };
  const commands = before === undefined ? [command] : [before, command];
  const shown = commands.map(one => `${needsRoot ? 'sudo ' : ''}${showCommand(one)}`).join(' && ');
  return {
    text: text === undefined ? shown : `${shown} (${text})`,
    ...(needsRoot ? {} : { commands: commands.map(one => (cwd === undefined ? one : { cwd, ...one })) }),
  };
}
