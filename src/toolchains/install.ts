/** What a build leaves beside its module: debug information, taken out of it, and files that the compiler made. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeAtomic } from '../io/files.ts';
import { splitDebugInfo } from '../wasm/debug-info.ts';
import type { Sidecar } from './toolchain.ts';

/** Stands in the place of `.wasm` in the name of the file with the debug information. */
export const debugSuffix = '.debug.wasm';
/** What of a module's name gives way to a suffix. */
export const moduleEnding = /(\.wasm)?$/;

export interface InstalledModule {
  /** The module as it is shipped. */
  readonly bytes: Uint8Array;
  /** Writes what goes beside it; gives the absolute paths. */
  readonly writeBeside: () => Promise<readonly string[]>;
}

/** Takes DWARF out of a built module. `output`: absolute path that the module is going to have. */
export function installModule(
  built: Uint8Array,
  output: string,
  sidecars: readonly Sidecar[] = [],
): InstalledModule {
  const debugFile = output.replace(moduleEnding, debugSuffix);
  const split = splitDebugInfo(built, encodeURIComponent(basename(debugFile)));
  return {
    bytes: split?.module ?? built,
    writeBeside: async () => {
      const written: string[] = [];
      if (split !== undefined) {
        await writeAtomic(debugFile, split.debug);
        written.push(debugFile);
      }
      for (const { path, suffix } of sidecars) {
        const content = await readFile(path).catch(() => undefined);
        if (content === undefined) continue;
        const target = output.replace(moduleEnding, suffix);
        await writeAtomic(target, content);
        written.push(target);
      }
      return written;
    },
  };
}
