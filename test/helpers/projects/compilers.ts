/** The real compilers, each template made and built once for the file that asks. What compilers cache is the machine's. */
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { delimiter } from 'node:path';
import { build } from '../../../src/build.ts';
import { init } from '../../../src/init.ts';
import type { SystemContext } from '../../../src/io/system-context.ts';
import type { Kind, Language } from '../../../src/project/schema.ts';
import { machineContext, sharePackages } from './assemblyscript.ts';
import { type ToolName, toolsDir } from '../tools.ts';

/** Names what building a language needs, and the programs that must be found first. */
export const compilers: Readonly<Record<Language, readonly ToolName[]>> = {
  assemblyscript: ['npm'],
  rust: ['rust'],
  cpp: ['clang-wasi'],
  tinygo: ['tinygo', 'go'],
  go: ['go'],
};

/** The system context of this machine with the provisioned compilers first on PATH. Crates are compiled once for all Rust projects. */
export const compilerContext: SystemContext = {
  ...machineContext,
  env: {
    ...machineContext.env,
    PATH: [join(toolsDir, 'rust', 'bin'), join(toolsDir, 'tinygo', 'bin'), machineContext.env['PATH']].join(
      delimiter,
    ),
    CARGO_TARGET_DIR: join(tmpdir(), 'wasme-test-cargo'),
    GOTOOLCHAIN: 'local',
  },
};

export interface BuiltTemplate {
  readonly dir: string;
  readonly name: string;
  readonly module: string;
}

/** `wasme init` and `wasme build` of a template in a new folder of `parent`. */
export async function builtTemplate(
  parent: string,
  language: Language,
  options: { kind?: Kind; template?: string; toolchain?: 'npm' } = {},
): Promise<BuiltTemplate> {
  const { toolchain, ...wish } = options;
  const name = `my-${[language, wish.template ?? wish.kind ?? 'http'].join('-')}`;
  const dir = join(parent, toolchain ?? 'native', name);
  await init({ dir, name, language, ...wish }, compilerContext);
  if (language === 'assemblyscript') await sharePackages(parent, dir);
  // Where the provisioned npm clang is.
  const env = { ...compilerContext.env, XDG_CACHE_HOME: join(toolsDir, 'npm-clang') };
  const system = toolchain === undefined ? compilerContext : { ...compilerContext, env };
  const { module } = await build({ dir, toolchain }, system);
  return { dir, name, module };
}
