/*
 * Measures one workload on one subject, in fresh processes. Every kind of measurement returns {
 * value, ...details }. `value` is compared, in the unit of the workload; lower is better.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { binary } from './build.mjs';
import { Child } from './processes.mjs';
import { toArguments } from './subjects.mjs';

/** Runs `body` with a function that starts children, and stops every one of them afterwards. */
export async function withChildren(body) {
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
  const { settle, slice: seconds } = settings;
  const args = toArguments({ ...options, settle, seconds, ...target });
  return { command: binary('load', program), args, cpu, name: `load generator ${program}` };
}

/** Starts the backend of a proxy on the generator's core, and returns its port. */
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

/** Evaluates the values of all slices from the generator. */
function evaluate(workload, window) {
  const { operations, bytes, wallNs, serverCpuNs, loadCpuNs, serverWaitNs, loadWaitNs } = window;
  const amount = workload.per === 'megabyte' ? bytes / 1e6 : operations;
  if (amount === 0) throw new Error('nothing was done while it was measured');
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
      p999: latencyNs.p999 / 1e3,
      max: latencyNs.max / 1e3,
    },
  };
}

/**
 * Returns a connected generator: `slice('warm' or 'go')` runs a slice, `finish()` returns the sum.
 */
async function whenReady(workload, client) {
  const ready = async () => {
    for (let line; line !== 'ready';) line = await client.line();
  };
  await ready();
  return {
    async slice(kind) {
      client.send(kind);
      await ready();
    },
    async finish() {
      client.end();
      return evaluate(workload, await client.message());
    },
  };
}

/** CPU time of a server per operation or per megabyte. */
async function load(workload, subject, settings, start) {
  const { server, target } = await startServer(workload, subject, settings, start);
  const pid = server.pid;
  const client = start(generator(workload.load, settings, settings.cpus?.load, { ...target, pid }));
  return { server, ...(await whenReady(workload, client)) };
}

/** Latency at a quantile, under a load that all subjects can handle. */
async function latency(workload, subject, settings, start) {
  const { slice, finish } = await load(workload, subject, settings, start);
  return {
    slice,
    async finish() {
      const run = await finish();
      return { ...run, value: run.latencyUs[workload.quantile] };
    },
  };
}

/** As {@link load}, for a client: the generator listens, so it starts first. */
async function dial(workload, subject, settings, start) {
  const acceptor = start(generator(workload.load, settings, settings.cpus?.load, {}));
  const { port: targetPort } = await acceptor.message();
  const client = start({
    ...subject.serve(workload, { targetPort }),
    cpu: settings.cpus?.server,
    name: subject.label,
  });
  await client.message();
  acceptor.send(client.pid);
  return whenReady(workload, acceptor);
}

/** Longest delay of the event loop under load, and the part of garbage collection in it. */
async function loopDelay(workload, subject, settings, start) {
  const { server, slice, finish } = await load(workload, subject, settings, start);
  for (let i = 0; i < settings.warmupSlices; i += 1) await slice('warm');
  server.send('mark');
  for (let i = 0; i < settings.slices; i += 1) await slice('go');
  server.send('report');
  const report = await server.message();
  return {
    ...(await finish()),
    value: report.loopDelay.maxMs,
    loopDelay: report.loopDelay,
    collections: report.collections,
  };
}

/**
 * Resident memory of a process in bytes. The kernel reports it for every subject in the same way.
 * It excludes pages of files: more of the program's code is loaded when the runtime starts to
 * compile, which is unrelated to connections and shared by all processes of the program.
 */
function residentBytes(pid) {
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kilobytes[1]) * 1024;
}

/** Growth of a fresh process with idle connections. */
async function memory(workload, subject, settings, start) {
  const extra = { execArgv: ['--expose-gc'] };
  const { server, target } = await startServer(workload, subject, settings, start, extra);
  // The C floor answers no requests, and has no garbage.
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
}

/** Runs wrk over TLS, and returns the number of answers. It throws if one was missing or wrong. */
function requestByWrk({ connections, header }, port, seconds, cpu) {
  const pin = cpu === undefined ? [] : ['taskset', '-c', String(cpu)];
  const headers = header === undefined ? [] : ['-H', header];
  const url = `https://127.0.0.1:${port}/`;
  const [command, ...args] = [
    ...pin,
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    ...headers,
  ];
  const output = execFileSync(command, [...args, url], { encoding: 'utf8' });
  const failed = /^ {2}(Socket errors|Non-2xx).*$/m.exec(output);
  if (failed !== null) throw new Error(`wrk: ${failed[0].trim()}`);
  return Number(/(\d+) requests in/.exec(output)[1]);
}

/** CPU time of a server of https per request. The generators have no TLS. */
async function wrk(workload, subject, settings, start) {
  const { server, target } = await startServer(workload, subject, settings, start);
  const seconds = Math.max(1, Math.round(settings.slices * settings.slice));
  const request = () => requestByWrk(workload.load, target.port, seconds, settings.cpus?.load);
  const cpu = async () => {
    server.send('report');
    return (await server.message()).cpuUs;
  };
  request();
  const before = await cpu();
  const operations = request();
  const value = ((await cpu()) - before) / operations;
  return { value, operations, perSecond: operations / seconds };
}

/** Time that require() of the module takes in a fresh process. */
async function startup(workload, subject, settings, start) {
  const { command, args } = subject.startup(workload);
  const child = start({ command, args, cpu: settings.cpus?.server, name: subject.label });
  const { requireNs, processCpuNs } = await child.message();
  return { value: requireNs / 1e6, processCpuMs: processCpuNs / 1e6 };
}

const SLICED = { load, latency, dial };
const WHOLE = { loopDelay, memory, startup, wrk };

/** Whether several subjects can be measured in turns, slice by slice. */
export function isSliced({ measure = 'load' }) {
  return measure in SLICED;
}

/** Starts a sliced measurement. The result can run slices, and finish. */
export function open(workload, subject, settings, start) {
  return SLICED[workload.measure ?? 'load'](workload, subject, settings, start);
}

/** Measures once, from start to end. It rejects if a process fails or an answer is wrong. */
export function measure(workload, subject, settings) {
  return withChildren((start) => WHOLE[workload.measure](workload, subject, settings, start));
}
