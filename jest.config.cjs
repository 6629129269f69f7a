'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    // Types are checked once, by `tsc -p tsconfig.test.json`; here files are only transpiled.
    '^.+\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/tsconfig.jest.json' }],
  },
  moduleNameMapper: {
    '^uvnet$': '<rootDir>/lib/index.ts',
  },
  setupFilesAfterEnv: ['<rootDir>/test/helpers/leak-check.ts'],
  testTimeout: 20_000,
  collectCoverageFrom: ['lib/**/*.ts'],
  coverageProvider: 'babel',
};
