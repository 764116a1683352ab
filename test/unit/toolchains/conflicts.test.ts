/** Versions that are known not to work together: each conflict is data, tested on both sides of its border. */
import { describe, expect, it } from 'vitest';
import { toolchains } from '../../../src/toolchains/index.ts';
import { findConflicts } from '../../../src/toolchains/tools/find-tools.ts';
import type { ProbeResult } from '../../../src/toolchains/toolchain.ts';

const found = (versions: Readonly<Record<string, string>>): Record<string, ProbeResult> =>
  Object.fromEntries(
    Object.entries(versions).map(([id, version]) => [id, { id, title: id, status: 'found', version }]),
  );

describe.each([
  [
    'assemblyscript',
    { sdk: '1.2.3', asc: '0.24.0' },
    { sdk: '1.2.3', asc: '0.28.20' },
    'assemblyscript@0.28',
  ],
  ['assemblyscript', { sdk: '1.0.0', asc: '0.26.9' }, { sdk: '1.0.0', asc: '0.27.0' }, 'assemblyscript@0.28'],
  [
    'rust',
    { rustc: '1.96.0', 'proxy-wasm': '0.2.4' },
    { rustc: '1.96.0', 'proxy-wasm': '0.2.5' },
    'cargo update',
  ],
  [
    'rust',
    { rustc: '1.98.1', 'proxy-wasm': '0.1.4' },
    { rustc: '1.95.0', 'proxy-wasm': '0.2.4' },
    'cargo update',
  ],
  ['tinygo', { tinygo: '0.35.0', go: '1.24.0' }, { tinygo: '0.35.0', go: '1.23.9' }, 'newer TinyGo'],
  ['tinygo', { tinygo: '0.38.0', go: '1.25.1' }, { tinygo: '0.38.0', go: '1.24.2' }, 'newer TinyGo'],
  ['tinygo', { tinygo: '0.39.0', go: '1.26.0' }, { tinygo: '0.39.0', go: '1.25.4' }, 'newer TinyGo'],
  ['tinygo', { tinygo: '0.40.1', go: '1.26.0' }, { tinygo: '0.40.1', go: '1.25.5' }, 'newer TinyGo'],
  ['tinygo', { tinygo: '0.41.1', go: '1.27.0' }, { tinygo: '0.41.1', go: '1.26.8' }, 'newer TinyGo'],
  ['tinygo', { tinygo: '0.42.0', go: '1.24.9' }, { tinygo: '0.42.0', go: '1.25.0' }, 'newer Go'],
] as const)('%s: %o', (language, bad, good, hint) => {
  const toolchain = toolchains[language];

  it('refuses the versions and says what to do', () => {
    const [pair, ...others] = findConflicts(toolchain, found(bad));
    expect(others).toEqual([]);
    expect(pair?.hint).toContain(hint);
  });

  it('accepts the versions on the other side of the border', () => {
    expect(findConflicts(toolchain, found(good))).toEqual([]);
  });

  it('accepts a tool of unknown version', () => {
    const unknown = Object.fromEntries(
      Object.entries(found(bad)).map(([id, { version: _, ...rest }]) => [id, rest]),
    );
    expect(findConflicts(toolchain, unknown)).toEqual([]);
  });
});
