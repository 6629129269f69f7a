'use strict';

const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/helpers/leak-environment.cjs',
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
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
};
