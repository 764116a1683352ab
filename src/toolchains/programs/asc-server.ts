/**
 * The program of the compiler process that --watch keeps: a second compile in the same process takes a fraction of the
 * first. It is text, given to the project's own Node, because it runs the project's compiler and must not run in ours.
 */

/** Arguments: the compiler's package folder, then its command line. Protocol: see BuildPlan.warm. */
export const warmCompilerScript = `
import { join } from 'node:path';
import { argv, stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
const [, folder, ...args] = argv;
const asc = await import(pathToFileURL(join(folder, 'dist', 'asc.js')).href);
const out = { write: text => stdout.write(text) };
for await (const line of createInterface({ input: stdin })) {
  let failed = true;
  try {
    const files = line === 'warm up' ? { writeFile() {} } : {};
    const { error } = await asc.main(args, { stdout: out, stderr: out, ...files });
    failed = error !== null;
  } catch (error) {
    out.write(String(error?.stack ?? error) + '\\n');
  }
  out.write('@@built ' + (failed ? 1 : 0) + '\\n');
}
`;
