/** Handler tables of `uvnet/lean`. */

import { netWorkloads } from './net.mjs';

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

export const leanWorkloads = [
  lean('echo-64', 0.7),
  lean('echo-64-unix', 0.54),
  lean('echo-64-d16', 0.7),
  lean('echo-16k', 0.72),
  lean('echo-16k', 0.68, { borrow: true }),
  lean('resp-p16', 0.15),
  lean('bulk-in', 0.62),
  lean('bulk-in', 0.62, { borrow: true }),
  lean('bulk-out', 0.55),
  lean('churn', 0.66),
  lean('broadcast', 0.82),
  lean('connect', 0.85),
  { ...lean('idle'), limit: 700 },
  {
    ...lean('idle'),
    id: 'lean-idle-10000',
    title: 'lean: memory of each of 10,000 connections',
    load: { ...netWorkloads.find(({ id }) => id === 'idle').load, connections: 10_000 },
    limit: 750,
  },
];
