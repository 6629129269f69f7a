// What npm run test:shared-libuv leaves out on one of its suites: cases of a file by a regular expression of their
// full name, each with the reason.

/** @type {{ what: string, why: string }[]} */
export const leftOutFiles = [];

/** @type {{ suite: string, file: string, what: string, why: string }[]} */
export const leftOut = [
  {
    suite: 'trixie',
    file: 'test/process/starved.test.ts',
    what: '^if files cannot be opened any more \\(EACCES\\)',
    why: 'Node 20.19 refuses setuid() with any libuv but its own, because of io_uring (CVE-2024-22017)',
  },
];
