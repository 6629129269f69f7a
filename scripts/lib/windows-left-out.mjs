// The tests that npm run test:windows skips, with the reason: files by name, and cases by a regular
// expression of their full name. Cases that also fail on node:net in the same Wine need not be
// listed.

/** @type {{ what: string, why: string }[]} */
export const leftOutFiles = [
  {
    what: 'test/process/descriptors.test.ts',
    why: 'descriptors of a process are counted in /proc',
  },
  { what: 'test/process/starved.test.ts', why: 'limits of descriptors are a thing of POSIX' },
  {
    what: 'test/process/starved-client.test.ts',
    why: 'limits of descriptors are a thing of POSIX',
  },
];

/** @type {{ what: string, why: string }[]} */
export const leftOut = [];
