/**
 * A program that `build --watch` keeps running: it compiles AssemblyScript on demand, because the second compilation in a
 * process takes a fraction of the first. Arguments: the folder of the compiler's package, then the compiler's own. It runs
 * in a process of its own, since the compiler is the project's code. Protocol: see BuildPlan.server.
 */
import { join } from 'node:path';
import { argv, stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

interface AscPackage {
  main(args: readonly string[], options: AscOptions): Promise<{ readonly error: Error | null }>;
}

interface AscOptions {
  readonly stdout: { write(text: string): void };
  readonly stderr: { write(text: string): void };
  readonly writeFile?: () => void;
}

const [, , packageDir = '', ...compilerArgs] = argv;
void serveBuilds(packageDir, compilerArgs);

async function serveBuilds(packageFolder: string, args: readonly string[]): Promise<void> {
  const asc = (await import(pathToFileURL(join(packageFolder, 'dist', 'asc.js')).href)) as AscPackage;
  const out = { write: (text: string): void => void stdout.write(text) };
  for await (const line of createInterface({ input: stdin })) {
    let failed = true;
    try {
      const discard = line === 'warm up' ? { writeFile: () => undefined } : {};
      const { error } = await asc.main(args, { stdout: out, stderr: out, ...discard });
      failed = error !== null;
    } catch (error) {
      out.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    }
    out.write(`@@built ${failed ? 1 : 0}\n`);
  }
}
