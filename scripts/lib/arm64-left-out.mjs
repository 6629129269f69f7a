// What npm run test:arm64 leaves out: files and folders by name, and cases of a file by a regular expression of their full
// name, each with the reason. `gap` names a request of scripts/foreign/kernel_gaps.c: the cases run under an emulator
// that grants it as the kernel does. What fails on node:net under the same emulator need not stand here.

/** @type {{ what: string, why: string }[]} */
export const leftOutFiles = [];

const options = 'test/uvnet/socket-options.test.ts';

/** The cases of it that set this option. */
const option = (name, over = '') =>
  `^socket options › ${over}${name} (is|can|of listen|of createServer)`;

/** @type {{ file: string, what: string, gap?: string, why: string }[]} */
export const leftOut = [
  {
    file: 'test/uvnet/socket-info.test.ts',
    what: '^sockets › info\\(\\) › (counts the bytes|reports how much waits|follows the states)',
    gap: 'TCP_INFO',
    why: 'qemu 7 returns the first four bytes of TCP_INFO alone',
  },
  {
    file: 'test/promises/reading.test.ts',
    what: '^reads \\(native\\) › have the statistics of their connection',
    gap: 'TCP_INFO',
    why: 'info() fails under qemu 7',
  },
  {
    file: 'test/process/starved.test.ts',
    what: '^if files cannot be opened any more .* › methods of the socket that are used for the first time',
    gap: 'TCP_INFO',
    why: 'one of the methods is info(), which qemu 7 makes fail',
  },
  {
    file: options,
    what: '^socket options › multipath › is in use only if both ends request it',
    gap: 'MPTCP_INFO',
    why: 'qemu 7 refuses MPTCP_INFO with EOPNOTSUPP, as the kernel does for a connection that is not multipath',
  },
  {
    file: options,
    what: option('bindToDevice', '(over tcp6? › )?'),
    gap: 'SO_BINDTODEVICE',
    why: 'qemu 7 asks the kernel for four bytes of the name of the device, which is EINVAL',
  },
  ...[
    ['mark', 'SO_MARK'],
    ['busyPoll', 'SO_BUSY_POLL'],
    ['incomingCpu', 'SO_INCOMING_CPU'],
  ].map(([name, gap]) => ({
    file: options,
    what: option(name, '(over tcp6? › )?'),
    gap,
    why: `qemu 7 refuses ${gap} with ENOPROTOOPT`,
  })),
  {
    file: options,
    what: option('transparent', '(over tcp › )?'),
    gap: 'IP_TRANSPARENT',
    why: 'qemu 7 refuses IP_TRANSPARENT with ENOPROTOOPT',
  },
  {
    file: 'test/uvnet/socket-option-refusals.test.ts',
    what: '^socket options › refusals › of mark to nobody',
    gap: 'SO_MARK',
    why: 'the refusal is that of qemu 7, not that of the kernel',
  },
  {
    file: 'test/uvnet/socket-option-refusals.test.ts',
    what: '^socket options › refusals › of transparent to nobody',
    gap: 'IP_TRANSPARENT',
    why: 'the refusal is that of qemu 7, not that of the kernel',
  },
  {
    file: 'test/process/chunk-memory.test.ts',
    what: '^their memory stays with the process between collections',
    gap: 'HEAP',
    why: 'the /proc/self/maps of qemu 7 does not name the heap',
  },
];
