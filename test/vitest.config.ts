import { defineConfig } from 'vitest/config';

export default defineConfig({
  cacheDir: '../node_modules/.vite',
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    exclude: ['fixtures/**'],
    globalSetup: ['helpers/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // An unhandled rejection or a warning of the process is a failure of the test that caused it.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
