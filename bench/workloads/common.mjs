/** What the workloads of several files share. */

/*
 * Fifty connections keep a server at one full core (each turn of its loop finds several sockets
 * ready, as on a busy server) while the generator still has room. Bulk transfers use four, with
 * fixed buffers on the generator's side: over loopback the kernel books the work of TCP on whoever
 * happens to trigger it, and with buffers that tune themselves that changes from second to second.
 */

export const MESSAGE = { connections: 50, depth: 1 };
export const BULK = { connections: 4, size: 64 * 1024 };
export const SEND_BUFFER = 4 * 1024 * 1024; // the server never waits for data
export const RECEIVE_BUFFER = 256 * 1024; // the server waits for room, as with most real peers
export const EVERYWHERE = ['net', 'listen'];

export const perOperation = { unit: 'µs/op', per: 'operation' };
export const perMegabyte = { unit: 'µs/MB', per: 'megabyte' };
// A receiving process pays for new pages until it has all the memory that it uses between two
// garbage collections: some 100 MB.
export const receiving = { ...perMegabyte, warmup: 1.2 };

export const echo = (load) => ({
  ...perOperation,
  group: 'Echo',
  server: { workload: 'echo' },
  load: { program: 'pingpong', kind: 'echo', ...MESSAGE, ...load },
  floor: { program: 'echo' },
  bun: EVERYWHERE,
});
