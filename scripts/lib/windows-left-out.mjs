// What the tests leave out on Windows, with the reason: whole files and folders, and cases by a regular expression of their
// full name. Every run on Windows leaves it out (left-out.mjs), and so does npm run test:windows under
// Wine. Cases that also fail on node:net there need not be listed.
//
// What Windows refuses is listed in docs/COMPATIBILITY.md, and test/uvnet/windows.test.ts shows the error. A gap of Wine
// is left out only there, and only if scripts/wine/gaps.c finds it.

const transfers = 'Windows cannot transfer sockets';
const peek = 'Windows cannot peek';
const proxy = 'on Windows, a server cannot read the PROXY protocol';
const cluster = 'on Windows, a server cannot listen in a worker of a cluster';
const modes =
  'the pipes of Windows are no files: they have no mode, and none is left by a dead process';
const halfOpen = 'a pipe of Windows cannot be half-open: its end() soon ends both directions';
const noReset = 'a pipe of Windows knows no reset';
const signals = 'Windows has no signals: they end a process at once';
const numbers = 'compares with numbers or names of Linux';
const proc = 'reads what Linux says of the process';

const sends = { gap: 'sends-cut-short', why: 'Wine drops bytes behind the half-close of the peer' };
const info = { gap: 'no-tcp-info', why: 'Wine has no SIO_TCP_INFO, which info() needs' };
const keepIdle = { gap: 'no-tcp-keepidle', why: 'Wine cannot read TCP_KEEPIDLE' };
const reset = { gap: 'reset-is-end', why: 'Wine reads a reset behind bytes as an end' };

/** @type {{ what: string, why: string }[]} */
export const leftOutFiles = [
  { what: 'test/front', why: 'a front hands sockets over to Node, which Windows cannot do' },
  {
    what: 'test/differential',
    why: 'half-open pipes of Windows end at different times, also on node:net',
  },
  { what: 'test/interop', why: 'talks to programs of Linux' },
  { what: 'test/model/tables.test.ts', why: proxy },
  { what: 'test/model/transfers.test.ts', why: transfers },
  { what: 'test/net/cluster.test.ts', why: cluster },
  { what: 'test/net/node-handles.test.ts', why: transfers },
  {
    what: 'test/package',
    why: 'packs and installs in the way of Unix; npm run test:tarball does it on Windows',
  },
  { what: 'test/process/descriptors.test.ts', why: proc },
  { what: 'test/process/fallback.test.ts', why: 'starts the runtimes of Linux' },
  { what: 'test/process/handshake-teardown.test.ts', why: proxy },
  { what: 'test/process/starved.test.ts', why: 'Windows has no limit of descriptors' },
  { what: 'test/process/starved-client.test.ts', why: 'Windows has no limit of descriptors' },
  { what: 'test/register/front.test.ts', why: 'a front hands sockets over to Node' },
  { what: 'test/register/transfer.test.ts', why: transfers },
  { what: 'test/uvnet/cluster-limits.test.ts', why: cluster },
  { what: 'test/uvnet/cluster-path.test.ts', why: cluster },
  { what: 'test/uvnet/detach.test.ts', why: transfers },
  { what: 'test/uvnet/node-transfers.test.ts', why: transfers },
  { what: 'test/uvnet/proxy.test.ts', why: proxy },
  { what: 'test/uvnet/shell.test.ts', why: transfers },
  { what: 'test/uvnet/transfers-between-processes.test.ts', why: transfers },
  { what: 'test/uvnet/unix-path.test.ts', why: modes },
];

const inFile = (file, ...cases) => cases.map((each) => ({ file, ...each }));

/** @type {{ file: string, what: string, why: string, gap?: string }[]} */
export const leftOut = [
  ...inFile('test/unit/error-stacks.test.ts', {
    what: 'stack, instanceof and inspect show the same as in Node',
    why: numbers,
  }),
  ...inFile(
    'test/unit/socket-options.test.ts',
    {
      what: 'are in the order of the table, in whatever order',
      why: 'Windows lacks these options',
    },
    { what: 'a refusal names the option and the system call', why: numbers },
  ),
  ...inFile('test/unit/script-help.test.ts', {
    what: '^scripts/packages\\.mjs',
    why: 'a program for developers on Linux',
  }),
  ...inFile('test/net/errors.test.ts', {
    what: 'a path that is too long fails',
    why: 'Windows refuses the path for what it is',
  }),
  ...inFile('test/net/node-modules.test.ts', { what: 'toNode\\(\\)', why: transfers }),
  ...inFile('test/net/reconnect.test.ts', {
    what: 'over unix › there is one connection with its end',
    why: halfOpen,
  }),
  ...inFile('test/net/reset.test.ts', {
    what: 'over unix that arrives together with data',
    why: noReset,
  }),
  ...inFile('test/net/transfer.test.ts', { what: '1,000 connections work', why: proc }),
  ...inFile('test/uvnet/additions.test.ts', { what: 'bufferSize may be assigned', why: numbers }),
  ...inFile('test/uvnet/handed-down.test.ts', {
    what: 'keepAlive is on in each|changed properties of the server',
    ...keepIdle,
  }),
  ...inFile('test/uvnet/limit-group.test.ts', { what: 'moves with a server', why: transfers }),
  ...inFile('test/uvnet/limits.test.ts', { what: 'reusePort', why: 'Windows has no such option' }),
  ...inFile('test/uvnet/numbers.test.ts', { what: '^peek', why: peek }),
  ...inFile('test/uvnet/thrown-context.test.ts', { what: 'an exception at "peek"', why: peek }),
  ...inFile(
    'test/uvnet/transfers.test.ts',
    { what: '(toNode|fromNode|thread) takes a connection', why: transfers },
    { what: '(toNode|fromNode|detach)\\(\\)', why: transfers },
    { what: 'toSocket takes a connection with much that waits', ...sends },
    { what: 'over tcp.* takes a connection that its peer has just reset', ...reset },
    { what: 'over unix.* takes a connection .*(ended|reset|much that waits)', why: halfOpen },
    {
      what: 'the callback of end\\(\\) is called when the new owner|the limits and lists of a',
      why: transfers,
    },
    { what: 'receives descriptors|with its event', why: 'Windows does not pass descriptors on' },
  ),
  ...inFile('test/lean/bookkeeping.test.ts', { what: 'proxyProtocol', why: proxy }),
  ...inFile('test/lean/bytes.test.ts', { what: 'borrowed bytes can be written back', ...sends }),
  ...inFile('test/lean/events.test.ts', {
    what: 'a reset that arrives together with data',
    ...reset,
  }),
  ...inFile('test/lean/proxy-header.test.ts', { what: 'a server of uvnet that reads', why: proxy }),
  ...inFile(
    'test/lean/relay-bulk.test.ts',
    { what: 'a slow receiver slows its sender, \\w+ to tcp', ...sends },
    { what: 'a slow receiver slows its sender, \\w+ to unix', why: halfOpen },
  ),
  ...inFile(
    'test/lean/relay-ends.test.ts',
    { what: 'sockets in the wrong state are refused', why: peek },
    { what: 'a socket that receives descriptors', why: 'Windows does not pass descriptors on' },
    { what: 'a second relay is refused', why: transfers },
  ),
  ...inFile('test/lean/transfers.test.ts', {
    what: 'the header of a proxy|where the header is',
    why: proxy,
  }),
  ...inFile(
    'test/lean/relay.test.ts',
    { what: 'unix › (bytes pass both ways|either side may end first)', why: halfOpen },
    { what: 'from unix to \\w+ › (bytes pass both ways|either side may end first)', why: halfOpen },
    { what: '(from unix to \\w+|to unix) › a reset', why: noReset },
    { what: 'a reset that arrives together with data', ...reset },
    {
      what: 'a reset that a write finds first',
      why: 'on Windows, the waiting read finds it first',
    },
    { what: 'bytes that were read, pushed back or peeked at', why: peek },
    { what: 'bytes that were written to either side leave first', ...sends },
  ),
  ...inFile('test/promises/listener.test.ts', {
    what: '\\(native\\) › leaves connections in the kernel while nobody asks',
    why: 'on Windows, libuv accepts all that come',
  }),
  ...inFile('test/promises/reading.test.ts', {
    what: '\\(native\\) › have the statistics of their connection',
    ...info,
  }),
  ...inFile('test/process/copies.test.ts', {
    what: 'attaches what another one has detached',
    why: transfers,
  }),
  ...inFile('test/process/examples.test.ts', { what: '(one-port|restart)\\.mjs', why: transfers }),
  ...inFile('test/process/first-use.test.ts', {
    what: 'without a free descriptor',
    why: 'Windows has no limit of descriptors',
  }),
  ...inFile('test/process/promises.test.ts', {
    what: '\\(native\\).*cluster’s worker',
    why: cluster,
  }),
  ...inFile('test/process/globals.test.ts', { what: 'on its native code', why: transfers }),
  ...inFile('test/process/exit.test.ts', { what: 'after a signal', why: signals }),
  ...inFile(
    'test/process/proxy-command.test.ts',
    { what: 'signal|^--(json|max-connections|idle-timeout|listen=)', why: signals },
    { what: 'an unreachable target is reported, and paths work', why: modes },
    { what: 'a path that a dead process has left', why: modes },
    { what: '^--trusted-proxy', why: proxy },
  ),
];
