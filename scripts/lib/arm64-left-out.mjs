// What npm run test:arm64 leaves out, with the reason: files by name, and cases by a regular expression of
// their full name. What fails on node:net under the same emulator need not stand here.

/** @type {{ what: string, why: string }[]} */
export const leftOutFiles = [];

/** @type {{ what: string, why: string }[]} */
export const leftOut = [
  {
    what: '^scripts/start\\.mjs --help',
    why: 'the script starts the emulated program itself, which the system cannot do without binfmt_misc',
  },
  {
    what: '^workers of a cluster set the socket options of the server',
    why: 'a cluster starts the emulated program itself, which the system cannot do without binfmt_misc',
  },
];
