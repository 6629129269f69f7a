'use strict';
/*
 * Start-up cost, one figure per process: how long require() of one module takes, and how much CPU
 * the whole process has used afterwards.  startup.js MODULE   ('' for none)
 */
const name = process.argv[2];
const before = process.hrtime.bigint();
if (name) require(name);
const requireNs = Number(process.hrtime.bigint() - before);
const { user, system } = process.cpuUsage();
process.stdout.write(`${JSON.stringify({ requireNs, processCpuNs: (user + system) * 1000 })}\n`);
