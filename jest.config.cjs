'use strict';

const { availableParallelism } = require('node:os');

/** Files that this platform cannot run. jest itself puts the separators of Windows into the patterns. */
async function leftOutFiles() {
  const { leftOutHere } = await import('./scripts/lib/left-out.mjs');
  const here = await leftOutHere();
  return here.leftOutFiles.map(({ what }) => `/${what}${what.endsWith('.ts') ? '$' : '/'}`);
}

/** @returns {Promise<import('jest').Config>} */
module.exports = async () => ({
  testEnvironment: '<rootDir>/test/helpers/leak-environment.cjs',
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(await leftOutFiles())],
  transform: {
    // Types are checked once, by `tsc -p tsconfig.test.json`; here files are only transpiled.
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.jest.json' }],
  },
  moduleNameMapper: {
    '^uvnet$': '<rootDir>/lib/index.ts',
    '^uvnet/lean$': '<rootDir>/lib/lean.ts',
    '^uvnet/front$': '<rootDir>/lib/front.ts',
    '^uvnet/promises$': '<rootDir>/lib/promises.ts',
  },
  // By default, jest leaves one processor unused, and would use one process on two processors.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testSequencer: '<rootDir>/test/helpers/sequencer.cjs',
  reporters: ['default', '<rootDir>/test/helpers/exit-reporter.cjs'],
  // For tests that hang. On a busy machine, a test of one second may take many.
  testTimeout: 60_000,
  collectCoverageFrom: ['lib/**/*.ts'],
  coverageProvider: 'babel',
  coverageReporters: ['lcov', ['text', { file: 'lib.txt' }]],
});
