/** How costs grow with the number of connections and workers. */

import { echo } from './common.mjs';
import { netWorkloads } from './net.mjs';

/** Numbers of idle connections that are open in addition to the active ones. */
const OPEN = [0, 1000, 10_000, 19_000];
const count = (number) => number.toLocaleString('en-US');

const growing = (kind, title, workload) =>
  OPEN.map((idle) => ({
    ...workload,
    group: 'Growth',
    id: `growth-${kind}-${idle}`,
    title: `${title}, ${count(idle)} idle`,
    load: { ...workload.load, idle },
    bun: undefined,
    target: undefined,
    quick: false,
  }));

/** About half of the load that `node:net` can handle on the machine of docs/PERFORMANCE.md. */
const HALF_LOAD = 60_000;

export const growthWorkloads = [
  ...growing('echo', 'echo 64 B, 50 active', echo({ size: 64 })),
  ...growing(
    'accept',
    'accept and close',
    netWorkloads.find(({ id }) => id === 'churn'),
  ),
  ...OPEN.filter((connections) => connections > 0).map((connections) => ({
    ...netWorkloads.find(({ id }) => id === 'idle'),
    group: 'Growth',
    id: `growth-memory-${connections}`,
    title: `memory of each of ${count(connections)} connections`,
    load: { program: 'hold', connections, size: 64 },
    bun: undefined,
    target: undefined,
  })),
  ...[
    ['p50', 'p50'],
    ['p99', 'p99'],
    ['p999', 'p99.9'],
  ].map(([quantile, name]) => ({
    ...echo({ size: 64, pace: HALF_LOAD }),
    group: 'Growth',
    id: `growth-latency-${quantile}`,
    title: `${name} of latency at half load`,
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
