/** Finds tools on the machine whose versions are known not to work together. */
import coerce from 'semver/functions/coerce.js';
import satisfies from 'semver/functions/satisfies.js';
import type { ProbeResult, Toolchain, VersionConflict } from '../toolchain.ts';

/** Returns the conflicts of which every tool was found in the given range; a tool of unknown version is in no range. */
export function findConflicts(
  { conflicts }: Toolchain,
  tools: Readonly<Record<string, ProbeResult>>,
): readonly VersionConflict[] {
  return conflicts.filter(conflict =>
    conflict.tools.every(({ id, range }) => {
      const tool = tools[id];
      const version = coerce(tool?.version);
      return tool?.status === 'found' && version !== null && satisfies(version, range);
    }),
  );
}
