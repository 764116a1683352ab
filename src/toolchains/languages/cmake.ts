/** Plans for C++ projects that are built by CMake, configured for WASI with the clang that was found. */
import { join } from 'node:path';
import { WasmeError } from '../../errors.ts';
import { templatesDir } from '../../io/files/paths.ts';
import type { BuildPlan, PlanRequest, Probe } from '../toolchain.ts';

export const cmakeProbe: Probe = {
  kind: 'program',
  id: 'cmake',
  title: 'CMake',
  optional: true,
  minimum: '3.16.0',
  candidates: [{ program: 'cmake', args: ['--version'] }],
  version: /cmake version (\d+\.\d+\.\d+)/,
  fixes: [
    { has: 'brew', command: { program: 'brew', args: ['install', 'cmake'] } },
    { has: 'apt-get', needsRoot: true, command: { program: 'apt-get', args: ['install', 'cmake', 'make'] } },
    { text: 'install CMake: https://cmake.org/download' },
  ],
};

/** Files besides the sources that decide the result of a CMake build. */
export const cmakeInputs = ['**/CMakeLists.txt', '**/*.cmake', 'CMakePresets.json'];

/**
 * Decides whether CMake builds the project: as wasme.json says; otherwise if it has a CMakeLists.txt and was not created by
 * `wasme init`, or has no sources where a build without CMake looks (`hasSources`).
 */
export function usesCmake({ project, names, tools, variant }: PlanRequest, hasSources: boolean): boolean {
  const { cmake, sdk } = project?.build?.cpp ?? {};
  if (cmake !== undefined) return cmake;
  if (!names.includes('CMakeLists.txt') || variant === 'npm' || sdk !== undefined) return false;
  if (!hasSources) return true;
  return project === undefined && (variant === 'container' || tools['cmake']?.status === 'found');
}

/** Returns the steps that configure and build for WASI. Fails with TOOL_MISSING. */
export function cmakePlan(request: PlanRequest, clang: string, target: string): Omit<BuildPlan, 'inputs'> {
  const { projectDir, scratchDir, profile, debugInfo, tools, variant } = request;
  const cmake = variant === 'container' ? 'cmake' : tools['cmake']?.path;
  if (cmake === undefined || variant === 'npm') {
    throw new WasmeError(
      'TOOL_MISSING',
      variant === 'npm'
        ? `${projectDir} is built by CMake, which does not work with the clang from npm`
        : `${projectDir} is built by CMake, which was not found on PATH`,
      { hint: 'install CMake and clang for WASI ("wasme doctor --language cpp" shows how)' },
    );
  }
  const toolchainDir = join(templatesDir(), 'cpp', 'cmake');
  const tree = join(scratchDir, 'cmake');
  const results = join(scratchDir, 'cmake-results');
  const type = profile === 'debug' ? 'Debug' : debugInfo ? 'RelWithDebInfo' : 'Release';
  const settings = [
    `CMAKE_TOOLCHAIN_FILE=${join(toolchainDir, 'wasi.cmake')}`,
    `WASI_CLANG=${clang}`,
    `CMAKE_CXX_COMPILER_TARGET=${target}`,
    `CMAKE_BUILD_TYPE=${type}`,
    `CMAKE_RUNTIME_OUTPUT_DIRECTORY=${results}`,
  ].map(setting => `-D${setting}`);
  return {
    steps: [
      { program: cmake, args: ['-S', projectDir, '-B', tree, ...settings] },
      { program: cmake, args: ['--build', tree, '--parallel'] },
    ],
    module: results,
    reads: [toolchainDir],
    noModuleHint:
      'CMakeLists.txt must have one add_executable for WASI (the variable WASI is set), linked with -mexec-model=reactor',
  };
}
