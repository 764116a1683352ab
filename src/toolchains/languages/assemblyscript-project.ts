/** Finds out how an AssemblyScript project calls its compiler: entries in asconfig.json, arguments in the npm scripts of package.json. */
import { posix } from 'node:path';
import type { Profile } from '../../project/names.ts';
import type { PlanRequest, Probe } from '../toolchain.ts';

/** A call of asc in an npm script. */
interface AscCall {
  /** Name of the script: `asbuild:release`. */
  readonly script: string;
  readonly args: readonly string[];
}

export const projectProbes: readonly Probe[] = [
  {
    kind: 'file',
    id: 'asconfig',
    title: 'asconfig.json',
    file: 'asconfig.json',
    facts: readEntries,
    optional: true,
    ofProject: true,
    fixes: [],
  },
  {
    kind: 'file',
    id: 'npm-scripts',
    title: 'npm scripts',
    file: 'package.json',
    facts: readAscCalls,
    optional: true,
    ofProject: true,
    fixes: [],
  },
];

/** Options that name a file to write, which is wasme's to choose, or another asconfig.json; each is followed by a value. */
const fileOptions =
  /^(-[obtdi]|--(outFile|binaryFile|textFile|watFile|jsFile|tsdFile|idlFile|bindings|config))$/;
/** Options whose value may look like an entry file. */
const valueOptions = /^--(lib|path|transform|runtime|baseDir)$/;
/** Without asconfig.json, the profile decides about these. */
const profileOptions = /^(-O\w*|--(optimize|debug|sourceMap(=.*)?|converge|noAssert))$/;
const levelOptions = /^--(optimizeLevel|shrinkLevel)$/;

/** For projects without asconfig.json, as the old wasme created them. */
const plainOptions = {
  // `--debug` keeps function names and does not change the code.
  release: ['--optimizeLevel', '3', '--shrinkLevel', '1', '--debug', '--use', 'abort=abort_proc_exit'],
  debug: ['--debug', '--sourceMap', '--use', 'abort=abort_proc_exit'],
} as const;

export interface AscArguments {
  /** Entry files and options, without the file that is written. */
  readonly args: readonly string[];
  /** Globs of the sources. */
  readonly inputs: readonly string[];
}

/** Returns the arguments that the project's own script gives to asc, adapted to source and profile. */
export function ascArguments({ project, names, profile, tools }: PlanRequest): AscArguments {
  const calls = (tools['npm-scripts']?.facts ?? []) as readonly AscCall[];
  const hasConfig = names.includes('asconfig.json');
  const configured = hasConfig ? ((tools['asconfig']?.facts ?? []) as readonly string[]) : [];
  const call = calls.find(one => isFor(one, profile));
  const { entries: named, options, target } = splitArguments((call ?? calls[0])?.args ?? []);
  const source = project?.build?.source;
  // Entries in asconfig.json need not be repeated.
  const entries =
    source !== undefined
      ? [source]
      : named.length > 0 || configured.length > 0
        ? named
        : ['assembly/index.ts'];
  const inputs = [...new Set(['assembly/**', ...[...entries, ...configured].flatMap(sourceGlobs)])];
  if (hasConfig) {
    const chosen = (call === undefined ? undefined : target) ?? profile;
    return { args: [...entries, ...options, '--target', chosen], inputs };
  }
  return { args: [...entries, ...withoutProfile(options), ...plainOptions[profile]], inputs };
}

/** Tells by target, or by the name of the script, whether the call is for the profile. */
function isFor({ script, args }: AscCall, profile: Profile): boolean {
  const words = `${splitArguments(args).target ?? ''} ${script}`;
  return (profile === 'release' ? /release|optimi[sz]ed|prod/i : /debug|untouched|dev/i).test(words);
}

function splitArguments(args: readonly string[]): {
  entries: readonly string[];
  options: readonly string[];
  target: string | undefined;
} {
  const entries: string[] = [];
  const options: string[] = [];
  let target: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    const [, assigned] = /^--target=(.+)$/.exec(arg) ?? [];
    if (assigned !== undefined) target = assigned;
    else if (fileOptions.test(arg)) index++;
    else if (arg === '--target') target = args[++index];
    else if (arg === '--sourceMap' && /^\w+:\/\//.test(args[index + 1] ?? ''))
      options.push(args[index++] ?? '');
    else if (valueOptions.test(arg) || levelOptions.test(arg)) options.push(arg, args[++index] ?? '');
    else if (/\.ts$/.test(arg)) entries.push(arg);
    else if (!fileOptions.test(arg.replace(/=.*/, ''))) options.push(arg);
  }
  return { entries, options, target };
}

function withoutProfile(options: readonly string[]): readonly string[] {
  return options.filter(
    (option, index) =>
      !profileOptions.test(option) &&
      !levelOptions.test(option) &&
      !levelOptions.test(options[index - 1] ?? ''),
  );
}

/** A source may be a file, or a folder. */
function sourceGlobs(source: string): readonly string[] {
  const folder = posix.dirname(source);
  return [source, `${source}/**`, folder === '.' ? '*.ts' : `${folder}/**`];
}

/** Returns the entries of asconfig.json. */
function readEntries(text: string): readonly string[] {
  const { entries } = JSON.parse(text) as { entries?: unknown };
  return Array.isArray(entries) ? entries.filter(entry => typeof entry === 'string') : [];
}

/** Returns the calls of asc in the npm scripts; not those that only a shell could expand. */
function readAscCalls(text: string): readonly AscCall[] {
  const { scripts } = JSON.parse(text) as { scripts?: unknown };
  return Object.entries(scripts ?? {}).flatMap(([script, commands]: [string, unknown]) =>
    typeof commands !== 'string'
      ? []
      : commands.split(/&&|\|\||;/).flatMap((command): readonly AscCall[] => {
          const words = (command.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map(word =>
            word.replace(/^(["'])(.*)\1$/, '$2'),
          );
          const program = words.findIndex(word => /(^|\/)asc(\.js)?$/.test(word));
          const runsIt =
            program >= 0 &&
            words.slice(0, program).every(word => /^(npx|node|pnpm|yarn|exec|--.*)$/.test(word));
          return runsIt && !/[$`<>|*]/.test(command) ? [{ script, args: words.slice(program + 1) }] : [];
        }),
  );
}
