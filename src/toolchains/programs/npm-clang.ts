/**
 * A program that plans start: compiles and links C++ with the clang from npm (@yowasp/clang), which works on files in
 * memory. Arguments: the folder of the package, and a ClangJob as JSON; the current folder is the project.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { argv, exit, stderr } from 'node:process';
import { pathToFileURL } from 'node:url';

export interface ClangJob {
  readonly compile: readonly string[];
  readonly link: readonly string[];
  /** Relative to the project, or absolute, as are `sdk` and `imports`. */
  readonly sources: readonly string[];
  readonly sdk: string;
  readonly imports: readonly string[];
  /** Absolute path of the module. */
  readonly output: string;
}

/** A folder in memory: names to contents or folders. */
interface Tree {
  [name: string]: Uint8Array | Tree;
}

interface ClangPackage {
  readonly commands: Readonly<
    Record<string, (args: readonly string[], files: Tree, streams: Streams) => Promise<Tree>>
  >;
  readonly Exit: new () => Error & { readonly code: number };
}

interface Streams {
  readonly stdout: (bytes: Uint8Array | null) => void;
  readonly stderr: (bytes: Uint8Array | null) => void;
}

const [, , packageDir = '', text = ''] = argv;
void compileJob(packageDir, JSON.parse(text) as ClangJob);

async function compileJob(packageFolder: string, job: ClangJob): Promise<void> {
  const bundle = pathToFileURL(join(packageFolder, 'gen', 'bundle.js')).href;
  const { commands, Exit } = (await import(bundle)) as ClangPackage;
  const files = readFiles(job);
  const write = (bytes: Uint8Array | null): void => void (bytes && stderr.write(Buffer.from(bytes)));
  const clang = async (args: readonly string[]): Promise<void> => {
    const tree = await commands['clang++']?.(args.map(relocateFlag), files, { stdout: write, stderr: write });
    Object.assign(files, tree);
  };
  try {
    const objects = job.sources.map((_, index) => `${index}.o`);
    for (const [index, source] of job.sources.entries()) {
      await clang([...job.compile, '-c', pathInTree(source), '-o', objects[index] ?? '']);
    }
    await clang([...job.link, ...objects, '-o', 'module.wasm']);
    writeFileSync(job.output, files['module.wasm'] as Uint8Array);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    exit(error.code || 1);
  }
}

/** Reads all sources and headers of the project, since it is not known which of them a source includes. */
function readFiles({ sources, sdk, imports }: ClangJob): Tree {
  const files: Tree = {};
  const put = (path: string): void => {
    const parts = pathInTree(path)
      .split('/')
      .filter(part => part !== '' && part !== '.');
    const name = parts.pop() ?? '';
    let folder = files;
    for (const part of parts) folder = (folder[part] ??= {}) as Tree;
    folder[name] = readFileSync(path);
  };
  const putFolder = (dir: string): void => {
    for (const name of readdirSync(dir)) {
      if (name.startsWith('.') || ['node_modules', 'build', 'test'].includes(name)) continue;
      const path = dir === '.' ? name : join(dir, name);
      if (statSync(path).isDirectory()) putFolder(path);
      else if (/\.(cc|cpp|cxx|c|h|hh|hpp|hxx|inc|ipp)$/.test(name)) put(path);
    }
  };
  putFolder('.');
  putFolder(sdk);
  sources.forEach(put);
  imports.forEach(put);
  return files;
}

/** The compiler sees a single folder: files outside the project are put below a folder of their own in it. */
function pathInTree(path: string): string {
  return isAbsolute(path) ? `_outside${path.replaceAll('\\', '/').replace(':', '')}` : path;
}

function relocateFlag(flag: string): string {
  return flag.replace(
    /^(-I|-Wl,--allow-undefined-file=)(.*)$/,
    (_, head: string, path: string) => head + pathInTree(path),
  );
}
