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
 *   baselineLabel   what the other side is called; default: its module
 *   target          ratio to the baseline that the project aims at on Node 26
 *   limit           the same where the aim is a figure, in `unit`
 *   quantile        of the latency that is measured, for measure 'latency'
 *   warmup          seconds of traffic at least that are not counted
 *   quick           part of --quick
 */

import { frontWorkloads } from './workloads/front.mjs';
import { growthWorkloads } from './workloads/growth.mjs';
import { leanWorkloads } from './workloads/lean.mjs';
import { netWorkloads, unixWorkloads } from './workloads/net.mjs';
import { promisesWorkloads } from './workloads/promises.mjs';

export const workloads = [
  ...netWorkloads,
  ...unixWorkloads,
  ...leanWorkloads,
  ...promisesWorkloads,
  ...frontWorkloads,
  ...growthWorkloads,
];
