/** Text output of `build`: the module, its size and the files beside it; and a plan as command lines. */
import { relative } from 'node:path';
import type { BuildPlanResult, BuildResult } from '../../src/build.ts';
import { formatBytes } from '../ui/progress-line.ts';

export function planText({ commands, module }: BuildPlanResult): string {
  return [...commands, `→ ${module}`].join('\n');
}

export function buildText(result: BuildResult, cwd: string): string {
  const { module, sizeBytes, sections, upToDate, durationMs, abiVersion, beside, image } = result;
  const largest = sections.slice(0, 3).map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`);
  const how = upToDate ? 'up to date' : `built in ${(durationMs / 1000).toFixed(1)} s`;
  return [
    `${relative(cwd, module) || module}  ${formatBytes(sizeBytes)}  ABI ${abiVersion}  ${how}`,
    `  ${largest.join(' · ')}`,
    ...beside.map(file => `  with ${relative(cwd, file)}`),
    ...(image === undefined ? [] : [`  ${image.reference}  ${image.digest}  in the local store`]),
  ].join('\n');
}
