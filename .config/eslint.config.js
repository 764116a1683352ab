// Rules with a reason only: types carry most of the load, Biome decides form, test/architecture.test.ts the imports.
import { join } from 'node:path';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { timerDelays } from './timer-delays.js';

export default defineConfig(
  globalIgnores([
    'dist/**',
    'templates/**',
    'test/fixtures/**',
    'quickstart/**',
    'docs/**',
    'node_modules/**',
  ]),
  {
    files: ['src/**/*.ts', 'commands/**/*.ts', 'test/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './test/tsconfig.json', tsconfigRootDir: join(import.meta.dirname, '..') },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // A base class or a callback shape may have parameters that one implementation does not need.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ExportDefaultDeclaration',
          message: 'Named exports only: a name is the same in every file.',
        },
        { selector: 'ForInStatement', message: 'Object.keys or a Map: for..in walks prototypes.' },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'commands/**/*.ts'],
    ignores: ['src/io/timer.ts'],
    plugins: { wasme: { rules: { 'timer-delays': timerDelays } } },
    rules: { 'wasme/timer-delays': 'error' },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'no-restricted-syntax': 'off' },
  },
);
