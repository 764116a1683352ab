import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** Real programs first, largest file first: what takes minutes does not begin when all else is done. */
class RealFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      ['/real/', '/e2e/', ''].findIndex(folder => moduleId.includes(folder));
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  cacheDir: '../node_modules/.vite',
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    exclude: ['fixtures/**'],
    globalSetup: ['helpers/global-setup.ts'],
    sequence: { sequencer: RealFirst },
    // For what hangs, not for what is slow: the longest test without a limit of its own takes 10 s on an idle machine.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000, interval: 20 } },
    // Package managers that tests start: what was downloaded once is taken, and what breaks off is tried again.
    env: { npm_config_prefer_offline: 'true', npm_config_fetch_retries: '5', CARGO_NET_RETRY: '10' },
    maxWorkers: 2,
    // An unhandled rejection or a warning of the process is a failure of the test that caused it.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
