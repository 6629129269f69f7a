/*
 * One measurement of one workload on one subject, in fresh processes. Each way of measuring returns
 * { value, ...details }: `value` is what is compared, in the workload's unit, lower is better.
 */
import { readFileSync } from 'node:fs';

import { binary } from './build.mjs';
import { Child } from './processes.mjs';
import { toArguments } from './subjects.mjs';

/** Runs `body` with a function that starts children, and stops every one of them afterwards. */
async function withChildren(body) {
  const children = [];
  const start = (options) => {
    const child = new Child(options);
    children.push(child);
    return child;
  };
  try {
    return await body(start);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

/** The generator's command line. */
function generator({ program, ...options }, settings, cpu, target) {
  const { warmup, seconds } = settings;
  const args = toArguments({ ...options, warmup, seconds, ...target });
  return { command: binary('load', program), args, cpu, name: `load generator ${program}` };
}

/** Starts what a proxy connects to, on the generator's core; returns its port. */
async function startBackend({ backend }, settings, start) {
  if (backend === undefined) return undefined;
  const child = start({
    command: binary('floor', backend.program),
    args: [],
    cpu: settings.cpus?.load,
    name: 'backend',
  });
  return (await child.message()).port;
}

async function startServer(workload, subject, settings, start, extra = {}) {
  const path = workload.transport === 'unix' ? settings.socketPath() : undefined;
  const targetPort = await startBackend(workload, settings, start);
  const server = start({
    ...subject.serve(workload, { path, targetPort, ...extra }),
    cpu: settings.cpus?.server,
    name: subject.label,
  });
  const { port } = await server.message();
  return { server, target: path === undefined ? { port } : { path } };
}

/** The figures of a window as the generator saw them. */
function evaluate(workload, window) {
  const { operations, bytes, wallNs, serverCpuNs, loadCpuNs, serverWaitNs, loadWaitNs } = window;
  const amount = workload.per === 'megabyte' ? bytes / 1e6 : operations;
  const { latencyNs } = window;
  return {
    value: serverCpuNs / 1e3 / amount,
    perSecond: amount / (wallNs / 1e9),
    operations,
    bytes,
    serverBusy: serverCpuNs / wallNs,
    serverWait: serverWaitNs / wallNs,
    loadBusy: loadCpuNs / wallNs,
    loadWait: loadWaitNs / wallNs,
    latencyUs: latencyNs && {
      p50: latencyNs.p50 / 1e3,
      p90: latencyNs.p90 / 1e3,
      p99: latencyNs.p99 / 1e3,
      max: latencyNs.max / 1e3,
    },
  };
}

/** CPU time of a server per operation or per megabyte. */
function load(workload, subject, settings) {
  return withChildren(async (start) => {
    const { server, target } = await startServer(workload, subject, settings, start);
    const pid = server.pid;
    const client = start(
      generator(workload.load, settings, settings.cpus?.load, { ...target, pid }),
    );
    return evaluate(workload, await client.message());
  });
}

/** The same for a client: the generator listens, so it starts first. */
function dial(workload, subject, settings) {
  return withChildren(async (start) => {
    const acceptor = start(generator(workload.load, settings, settings.cpus?.load, {}));
    const { port } = await acceptor.message();
    const client = start({
      ...subject.serve(workload, { targetPort: port }),
      cpu: settings.cpus?.server,
      name: subject.label,
    });
    await client.message();
    acceptor.send(client.pid);
    return evaluate(workload, await acceptor.message());
  });
}

/** Longest delay of the event loop under load, and what garbage collection had to do with it. */
function loopDelay(workload, subject, settings) {
  return withChildren(async (start) => {
    const { server, target } = await startServer(workload, subject, settings, start);
    const pid = server.pid;
    const client = start(
      generator(workload.load, settings, settings.cpus?.load, { ...target, pid }),
    );
    while ((await client.line()) !== 'open');
    server.send('mark');
    const window = await client.message();
    server.send('report');
    const report = await server.message();
    return {
      ...evaluate(workload, window),
      value: report.loopDelay.maxMs,
      loopDelay: report.loopDelay,
      collections: report.collections,
    };
  });
}

/** Resident bytes of a process, from the kernel: the same source for every subject. */
function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kilobytes[1]) * 1024;
}

/** Growth of a fresh process by connections that are open and do nothing. */
function memory(workload, subject, settings) {
  return withChildren(async (start) => {
    const extra = { execArgv: ['--expose-gc'] };
    const { server, target } = await startServer(workload, subject, settings, start, extra);
    // The C floor answers no questions, and has no garbage.
    const snapshot = async () => {
      if (subject.id === 'floor') return { rss: residentBytes(server.pid) };
      server.send('report');
      const { memory: heap } = await server.message();
      return { ...heap, rss: residentBytes(server.pid) };
    };
    const before = await snapshot();
    const { connections } = workload.load;
    const holder = start(generator(workload.load, settings, settings.cpus?.load, target));
    await holder.message();
    const after = await snapshot();
    const perConnection = (name) => (after[name] - before[name]) / connections;
    return {
      value: perConnection('rss'),
      heapUsed: perConnection('heapUsed'),
      external: perConnection('external'),
      connections,
    };
  });
}

/** Time that require() of the module takes in a fresh process. */
function startup(workload, subject, settings) {
  return withChildren(async (start) => {
    const { command, args } = subject.startup();
    const child = start({ command, args, cpu: settings.cpus?.server, name: subject.label });
    const { requireNs, processCpuNs } = await child.message();
    return { value: requireNs / 1e6, processCpuMs: processCpuNs / 1e6 };
  });
}

const measures = { load, dial, loopDelay, memory, startup };

/** Measures once. Rejects when a process fails or an answer was wrong. */
export function measure(workload, subject, settings) {
  return measures[workload.measure ?? 'load'](workload, subject, settings);
}
