/** Installs missing tools: chooses the way that suits the system, and runs its commands. */
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type CommandLine, exec, showCommand } from '../../io/process/exec.ts';
import { findProgram } from '../../io/process/program.ts';
import { toolCacheDir } from './probe.ts';
import type { FixOption, Probe } from '../toolchain.ts';

/** Says how a tool is installed on this system: shown to the user, and run by `doctor --fix` and `build --install`. */
export interface Fix {
  /** The commands to type, or a sentence. */
  readonly text: string;
  /** Run one after the other. Undefined: only the user can do it (root, a download page). */
  readonly commands?: readonly CommandLine[];
}

/** Returns the first way to install a tool that works on this system. */
export function fixFor(probe: Probe, projectDir: string, system: SystemContext): Fix {
  const needsNpm = probe.kind === 'package';
  if (needsNpm && findProgram('npm', system) === undefined)
    return { text: 'npm comes with Node: https://nodejs.org' };
  if (needsNpm && probe.from === 'cache') {
    const wanted = probe.minimum === undefined ? probe.package : `${probe.package}@^${probe.minimum}`;
    return asFix({
      command: { program: 'npm', args: ['install', '--no-save', '--prefix', toolCacheDir(system), wanted] },
    });
  }
  const option = probe.fixes.find(
    ({ platforms, has }) =>
      (platforms === undefined || platforms.includes(system.platform)) &&
      (has === undefined || findProgram(has, system) !== undefined),
  );
  return asFix(option ?? { text: `install ${probe.title}` }, projectDir);
}

function asFix({ command, before, needsRoot, text }: FixOption, cwd?: string): Fix {
  if (command === undefined) return { text: text ?? '' };
  const commands = before === undefined ? [command] : [before, command];
  const shown = commands.map(one => `${needsRoot ? 'sudo ' : ''}${showCommand(one)}`).join(' && ');
  return {
    text: text === undefined ? shown : `${shown} (${text})`,
    ...(needsRoot ? {} : { commands: commands.map(one => (cwd === undefined ? one : { cwd, ...one })) }),
  };
}

/** Messages of npm, rustup, brew and Go that mean they could not reach a server. */
const noNetwork =
  /\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b|could not download file|Could(?:n't| not) resolve host|dial tcp|no such host/i;

/** Runs the commands of fixes, each once; skips fixes without commands. Fails with TOOL_FAILED, NETWORK. */
export async function runFixes(fixes: readonly Fix[], system: SystemContext): Promise<void> {
  const commandsByText = new Map(fixes.map(({ text, commands }) => [text, commands]));
  for (const [text, commands] of commandsByText) {
    if (commands === undefined) continue;
    const task = system.reporter.task(text);
    for (const command of commands) {
      const { exitCode, stderr, stdout } = await exec(command, system, {
        onLine: line => system.reporter.detail(line),
      });
      if (exitCode === 0) continue;
      task.fail();
      const output = (stderr.trim() || stdout.trim()).slice(-2_000);
      const offline = noNetwork.test(output);
      throw new WasmeError(
        offline ? 'NETWORK' : 'TOOL_FAILED',
        `${text} failed with exit code ${exitCode}:\n${output}`,
        {
          hint: offline
            ? 'run the command again with access to the network, or set a proxy (HTTPS_PROXY)'
            : 'fix that, or install the tool by hand, and run the command again',
        },
      );
    }
    task.done();
  }
}
