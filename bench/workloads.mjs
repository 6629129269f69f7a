/*
 * Every workload of the benchmark, one entry each. Fields:
 *
 *   id, title       what --only matches, and what the tables show
 *   group           heading in the tables
 *   unit            of the figure that is compared; lower is better
 *   measure         how the figure comes about (lib/measure.mjs); default 'load'
 *   per             'operation' or 'megabyte' (10^6 bytes): the divisor of the server's CPU time
 *   server          { workload: file in servers/, ...options for it }
 *   load            { program: file in load/, ...options for it }
 *   transport       'unix' for a unix socket; default TCP on 127.0.0.1
 *   backend         { program: file in floor/ }: what a proxy connects to
 *   floor           { program: file in floor/, ...options for it }; absent where there is none
 *   bun             'net' (Bun's node:net) and 'listen' (Bun.listen) where the workload runs there
 *   api             interface that the measured module is used through: 'net' (default), 'lean',
 *                   'promises', 'front'
 *   baseline        fields that differ on the other side, which then is uvnet, too
 *   target          ratio to the baseline that the project aims at on Node 26
 *   limit           the same where the aim is a figure, in `unit`
 *   quantile        of the latency that is measured, for measure 'latency'
 *   warmup          seconds of traffic at least that are not counted
 *   quick           part of --quick
 *
 * Fifty connections keep a server at one full core (each turn of its loop finds several sockets
 * ready, as on a busy server) while the generator still has room. Bulk transfers use four, with
 * fixed buffers on the generator's side: over loopback the kernel books the work of TCP on whoever
 * happens to trigger it, and with buffers that tune themselves that changes from second to second.
 */

const MESSAGE = { connections: 50, depth: 1 };
const BULK = { connections: 4, size: 64 * 1024 };
const SEND_BUFFER = 4 * 1024 * 1024; // the server never waits for data
const RECEIVE_BUFFER = 256 * 1024; // the server waits for room, as with most real peers
const EVERYWHERE = ['net', 'listen'];

const perOperation = { unit: 'µs/op', per: 'operation' };
const perMegabyte = { unit: 'µs/MB', per: 'megabyte' };
// A receiving process pays for new pages until it has all the memory that it uses between two
// garbage collections: some 100 MB.
const receiving = { ...perMegabyte, warmup: 1.2 };

const echo = (load) => ({
  ...perOperation,
  group: 'Echo',
  server: { workload: 'echo' },
  load: { program: 'pingpong', kind: 'echo', ...MESSAGE, ...load },
  floor: { program: 'echo' },
  bun: EVERYWHERE,
});

const resp = (depth) => ({
  ...perOperation,
  group: 'Request and answer',
  id: `resp-p${depth}`,
  title: `RESP, a write per command, pipeline ${depth}`,
  server: { workload: 'resp' },
  load: { program: 'pingpong', kind: 'resp', ...MESSAGE, depth },
  floor: { program: 'resp' },
  bun: EVERYWHERE,
});

const sending = { program: 'stream', kind: 'send', ...BULK, buffer: SEND_BUFFER };

const bulkOut = (server) => ({
  ...perMegabyte,
  group: 'Bulk',
  server: { workload: 'source', size: BULK.size, ...server },
  load: { program: 'stream', kind: 'receive', ...BULK, buffer: RECEIVE_BUFFER },
  floor: { program: 'source', size: BULK.size },
});

const netWorkloads = [
  { ...echo({ size: 64 }), id: 'echo-64', title: 'echo 64 B, TCP', target: 0.85, quick: true },
  {
    ...echo({ size: 64 }),
    id: 'echo-64-unix',
    title: 'echo 64 B, unix socket',
    transport: 'unix',
    target: 0.78,
    quick: true,
  },
  {
    ...echo({ size: 64, depth: 16 }),
    id: 'echo-64-d16',
    title: 'echo 64 B, depth 16',
    target: 0.88,
  },
  {
    ...echo({ size: 64, depth: 16 }),
    id: 'echo-64-d16-unix',
    title: 'echo 64 B, depth 16, unix socket',
    transport: 'unix',
  },
  { ...echo({ size: 16 * 1024 }), id: 'echo-16k', title: 'echo 16 KiB', target: 0.85, quick: true },

  { ...resp(1), target: 0.88 },
  { ...resp(16), target: 0.22, quick: true },
  resp(64),
  {
    ...perOperation,
    group: 'Request and answer',
    id: 'http-raw',
    title: 'HTTP hello, raw socket',
    server: { workload: 'http' },
    load: { program: 'pingpong', kind: 'http', ...MESSAGE },
    floor: { program: 'http' },
    bun: EVERYWHERE,
  },
  {
    ...perOperation,
    group: 'Request and answer',
    id: 'node-http',
    title: 'node:http over a net server',
    server: { workload: 'node-http' },
    load: { program: 'pingpong', kind: 'http', ...MESSAGE },
    floor: { program: 'http' },
    bun: ['net'],
    target: 1,
    quick: true,
  },

  {
    ...receiving,
    group: 'Bulk',
    id: 'bulk-in',
    title: 'bulk in, 64 KiB writes',
    load: sending,
    server: { workload: 'sink' },
    floor: { program: 'sink' },
    bun: EVERYWHERE,
    target: 0.7,
    quick: true,
  },
  {
    ...bulkOut({}),
    id: 'bulk-out',
    title: 'bulk out, 64 KiB Buffers',
    bun: EVERYWHERE,
    target: 0.6,
    quick: true,
  },
  {
    ...bulkOut({ string: true }),
    id: 'bulk-out-string',
    title: 'bulk out, 64 KiB strings',
    bun: ['net'],
  },

  {
    ...perOperation,
    group: 'Connections',
    id: 'churn',
    title: 'accept, 64 B each way, close',
    server: { workload: 'echo' },
    load: { program: 'churn', connections: 50, size: 64 },
    floor: { program: 'echo' },
    bun: EVERYWHERE,
    target: 0.8,
    quick: true,
  },
  {
    ...perOperation,
    group: 'Connections',
    id: 'flood',
    title: 'connection of a blocked address',
    server: { workload: 'flood' },
    load: { program: 'churn', kind: 'refused', connections: 50, size: 1 },
    floor: { program: 'flood' },
  },
  {
    ...perOperation,
    group: 'Connections',
    id: 'connect',
    title: 'outgoing connect and close',
    measure: 'dial',
    server: { workload: 'connect', connections: 50 },
    load: { program: 'accept' },
    floor: { program: 'connect', connections: 50 },
    bun: ['net'],
    target: 0.85,
    quick: true,
  },

  {
    ...perOperation,
    group: 'Relay and fan-out',
    id: 'proxy-64',
    title: 'proxy by pipe(), 64 B',
    server: { workload: 'proxy' },
    load: { program: 'pingpong', kind: 'echo', ...MESSAGE, size: 64 },
    backend: { program: 'echo' },
    floor: { program: 'proxy', kind: 'copy' },
    bun: ['net'],
    target: 0.85,
  },
  {
    ...receiving,
    group: 'Relay and fan-out',
    id: 'proxy-bulk',
    title: 'proxy by pipe(), bulk (floor: splice)',
    server: { workload: 'proxy' },
    load: sending,
    backend: { program: 'sink' },
    floor: { program: 'proxy', kind: 'splice' },
    bun: ['net'],
    target: 0.62,
    quick: true,
  },
  {
    ...perOperation,
    group: 'Relay and fan-out',
    id: 'relay-64',
    title: 'relay() against pipe(), 64 B',
    server: { workload: 'proxy' },
    api: 'lean',
    load: { program: 'pingpong', kind: 'echo', ...MESSAGE, size: 64 },
    backend: { program: 'echo' },
    floor: { program: 'proxy', kind: 'copy' },
    target: 0.72,
  },
  {
    ...receiving,
    group: 'Relay and fan-out',
    id: 'relay-bulk',
    title: 'relay() against pipe(), bulk (floor: splice)',
    server: { workload: 'proxy' },
    api: 'lean',
    load: sending,
    backend: { program: 'sink' },
    floor: { program: 'proxy', kind: 'splice' },
    target: 0.27,
    quick: true,
  },
  {
    ...perOperation,
    group: 'Relay and fan-out',
    id: 'relay-churn',
    title: 'relay() against pipe(), a connection each',
    server: { workload: 'proxy' },
    api: 'lean',
    load: { program: 'churn', connections: 50, size: 64 },
    backend: { program: 'echo' },
  },
  {
    ...perOperation,
    group: 'Relay and fan-out',
    id: 'broadcast',
    title: '256 B to 1,000 sockets, per message',
    server: { workload: 'broadcast', size: 256 },
    load: { program: 'broadcast', connections: 1000, size: 256 },
    floor: { program: 'broadcast', size: 256 },
    bun: EVERYWHERE,
    target: 0.9,
  },

  {
    group: 'Process',
    id: 'idle',
    title: 'memory of an idle connection',
    unit: 'B/connection',
    measure: 'memory',
    server: { workload: 'echo' },
    load: { program: 'hold', connections: 15_000, size: 64 },
    floor: { program: 'echo' },
    bun: EVERYWHERE,
    target: 0.75,
  },
  {
    group: 'Process',
    id: 'loop-delay',
    title: 'longest event loop delay during echo',
    unit: 'ms',
    measure: 'loopDelay',
    server: { workload: 'echo', watchCollections: true },
    load: { program: 'pingpong', kind: 'echo', ...MESSAGE, size: 64 },
  },
  {
    group: 'Process',
    id: 'startup',
    title: 'require() of the module',
    unit: 'ms',
    measure: 'startup',
    limit: 8,
    quick: true,
  },
];

/** Over a Unix socket, no work moves between the two ends, so the measured time is the server's. */
const overUnix = (id, title, server, target) => ({
  ...bulkOut(server),
  id: `${id}-unix`,
  title: `${title}, unix socket`,
  transport: 'unix',
  target,
});

const unixWorkloads = [
  overUnix('bulk-out', 'bulk out, 64 KiB Buffers', {}, 0.92),
  overUnix('bulk-out-string', 'bulk out, 64 KiB strings', { string: true }, 0.92),
  overUnix('bulk-out-pipe', 'bulk out, a file by pipe()', { stream: 'pipe' }, 0.92),
  overUnix('bulk-out-pipeline', 'bulk out, a file by pipeline()', { stream: 'pipeline' }, 0.92),
];

/** Numbers of idle connections that are open in addition to the active ones. */
const OPEN = [0, 1000, 10_000, 19_000];
const count = (number) => number.toLocaleString('en-US');

const growing = (kind, title, workload) =>
  OPEN.map((idle) => ({
    ...workload,
    group: 'Growth',
    id: `growth-${kind}-${idle}`,
    title: `${title}, ${count(idle)} idle ones`,
    load: { ...workload.load, idle },
    bun: undefined,
    target: undefined,
    quick: false,
  }));

/** About half of the load that `node:net` can handle on the machine of docs/PERFORMANCE.md. */
const HALF_LOAD = 60_000;

const growthWorkloads = [
  ...growing('echo', 'echo 64 B on 50 of', echo({ size: 64 })),
  ...growing(
    'accept',
    'accept and close beside',
    netWorkloads.find(({ id }) => id === 'churn'),
  ),
  ...OPEN.filter((connections) => connections > 0).map((connections) => ({
    ...netWorkloads.find(({ id }) => id === 'idle'),
    group: 'Growth',
    id: `growth-memory-${connections}`,
    title: `memory of each of ${count(connections)}`,
    load: { program: 'hold', connections, size: 64 },
    bun: undefined,
    target: undefined,
  })),
  ...[
    ['p50', 'half'],
    ['p99', '99 of 100'],
    ['p999', '999 of 1,000'],
  ].map(([quantile, share]) => ({
    ...echo({ size: 64, pace: HALF_LOAD }),
    group: 'Growth',
    id: `growth-latency-${quantile}`,
    title: `latency of ${share} at half load`,
    unit: 'µs',
    measure: 'latency',
    quantile,
    bun: undefined,
  })),
  ...[1, 2].map((workers) => ({
    ...echo({ size: 64 }),
    group: 'Growth',
    id: `growth-workers-${workers}`,
    title: `echo 64 B, ${workers === 1 ? 'one worker' : 'two workers by reusePort'}`,
    server: { workload: 'workers', workers },
    floor: undefined,
    bun: undefined,
  })),
];

/** A server of Node behind a front, against its own listen(). */
const front = (id, title, target, workload) => ({
  ...perOperation,
  group: 'Behind a front',
  id: `front-${id}`,
  title,
  server: { workload: 'front' },
  api: 'front',
  target,
  ...workload,
});

const shortHttp = (kind) => ({ load: { program: 'churn', kind, connections: 50, size: 1 } });
const secure = { server: { workload: 'front', secure: true }, measure: 'wrk' };

/** A front that reads PROXY headers, against one that has none to read. */
const proxied = (suffix) => ({
  server: { workload: 'front', proxyProtocol: 'required' },
  ...shortHttp(`proxied${suffix}`),
  baseline: { server: { workload: 'front' }, ...shortHttp(`http${suffix}`) },
});

const frontWorkloads = [
  front('http', 'http, keep-alive', 1.01, {
    load: { program: 'pingpong', kind: 'http', ...MESSAGE },
  }),
  front('https', 'https, keep-alive', 1.01, { ...secure, load: { connections: 50 } }),
  front('http-churn', 'http, a connection each', 1, shortHttp('http')),
  front('https-churn', 'https, a connection each', 1, {
    ...secure,
    load: { connections: 50, header: 'Connection: close' },
  }),
  front('flood', 'connection of a blocked address', 0.95, {
    server: { workload: 'front', blocked: true },
    ...shortHttp('refused'),
  }),
  front('proxy', 'PROXY v2 against none', 1.05, proxied('')),
  front('proxy-apart', 'PROXY v2 before the request against none', 1.05, proxied('-apart')),
];

/** Lines with async functions, against a server of `node:net` that does the same. */
const promises = (id, title, target, server, depth = 1) => ({
  ...perOperation,
  group: 'Async functions',
  id: `promises-${id}`,
  title,
  server: { workload: 'lines', ...server },
  api: 'promises',
  load: { program: 'pingpong', kind: 'lines', ...MESSAGE, size: 64, depth },
  target,
});

const promisesWorkloads = [
  promises('lines', 'lines() against splitting by hand', 1),
  promises('readline', 'lines() against node:readline', 0.6, { by: 'readline' }),
  promises('iteration', 'lines() against for await', 0.6, { by: 'iteration' }),
  promises(
    'messages-p16',
    'messages() against readline, 16 lines',
    0.4,
    { by: 'readline', messages: true },
    16,
  ),
  promises(
    'messages-hand-p16',
    'messages() against splitting, 16 lines',
    undefined,
    { messages: true },
    16,
  ),
];

/** The same with handler tables, compared with sockets of node:net. */
const lean = (id, target, server) => {
  const workload = netWorkloads.find((each) => each.id === id);
  const suffix = server?.borrow ? '-borrow' : '';
  return {
    ...workload,
    group: 'Handler tables',
    id: `lean-${id}${suffix}`,
    title: `lean: ${workload.title}${server?.borrow ? ', borrowed' : ''}`,
    server: { ...workload.server, ...server },
    api: 'lean',
    target,
    quick: false,
  };
};

export const workloads = [
  ...netWorkloads,
  ...unixWorkloads,
  lean('echo-64', 0.7),
  lean('echo-64-unix', 0.54),
  lean('echo-64-d16', 0.7),
  lean('echo-16k', 0.74),
  lean('echo-16k', 0.68, { borrow: true }),
  lean('resp-p16', 0.15),
  lean('bulk-in', 0.62),
  lean('bulk-in', 0.62, { borrow: true }),
  lean('bulk-out', 0.55),
  lean('churn', 0.66),
  lean('broadcast', 0.82),
  lean('connect', 0.85),
  { ...lean('idle'), limit: 700 },
  ...promisesWorkloads,
  ...frontWorkloads,
  ...growthWorkloads,
];
