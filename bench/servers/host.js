'use strict';
/*
 * The process under measurement: loads one workload, starts it, and answers the few questions of
 * the benchmark on stdin. Runs unchanged on Node and on Bun.
 *
 *   host.js '{"workload": "echo", "api": "net", "module": "node:net", ...options}'
 *
 * A workload file exports one function per programming interface it can be written for:
 *   net(net, options)     node:net, or anything that looks like it: returns a server to listen on
 *   lean(lean, options)   uvnet/lean: returns a promise of { port }; likewise promises(...)
 *   bun(Bun, options)     Bun.listen: returns a listener
 * A workload that is a client returns nothing.
 */
const { monitorEventLoopDelay, PerformanceObserver } = require('node:perf_hooks');

const options = JSON.parse(process.argv[2]);

let loopDelay;
let collections = { count: 0, ms: 0, maxMs: 0 };

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function ready(port) {
  say({ ready: true, pid: process.pid, port, runtime: process.versions.bun ?? process.version });
}

/** Where this workload listens: a unix socket, or any free port of 127.0.0.1. */
function endpoint() {
  const backlog = 4096;
  return options.path
    ? { path: options.path, backlog }
    : { host: '127.0.0.1', port: options.port ?? 0, backlog };
}

async function start() {
  const workload = require(`./${options.workload}.js`);
  if (options.api === 'bun') {
    const listener = workload.bun(globalThis.Bun, options);
    ready(listener?.port ?? 0);
    return;
  }
  const imported = await import(options.module);
  const module = imported.default ?? imported;
  // Without its binary, uvnet is node:net, so there would be nothing to measure.
  if (imported.backend === 'node') throw new Error(`${options.module} fell back to node:net`);
  if (options.api !== 'net') {
    ready((await workload[options.api](module, { ...options, endpoint: endpoint() })).port ?? 0);
    return;
  }
  const server = workload.net(module, options);
  if (server === undefined) {
    ready(0);
    return;
  }
  server.listen(endpoint(), () => ready(options.path ? 0 : server.address().port));
}

/** Starts a clean measurement of event loop delay and garbage collections. */
function mark() {
  loopDelay?.disable();
  loopDelay = monitorEventLoopDelay({ resolution: 1 });
  loopDelay.enable();
  collections = { count: 0, ms: 0, maxMs: 0 };
}

function watchCollections() {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      collections.count += 1;
      collections.ms += duration;
      collections.maxMs = Math.max(collections.maxMs, duration);
    }
  }).observe({ entryTypes: ['gc'] });
}

/** CPU time so far, and memory in bytes, after two full collections where the process was started with --expose-gc. */
function report() {
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  globalThis.gc?.();
  const delay = loopDelay && {
    meanMs: loopDelay.mean / 1e6,
    p99Ms: loopDelay.percentile(99) / 1e6,
    maxMs: loopDelay.max / 1e6,
  };
  say({ cpuUs: user + system, memory: process.memoryUsage(), loopDelay: delay, collections });
}

const commands = { mark, report };
let line = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const lines = (line + text).split('\n');
  line = lines.pop();
  for (const command of lines) commands[command]();
});
// The benchmark holds the other end: this process ends with it.
process.stdin.on('end', () => process.exit(0));

if (options.watchCollections) watchCollections();
start().catch((error) => {
  console.error(error);
  process.exit(1);
});
