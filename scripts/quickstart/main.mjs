// The quick start: the same echo server and clients on uvnet and on node:net, each in processes of
// their own, over TCP and over a local socket, turn by turn.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { implementations } from './implementations.mjs';

const help = `Usage: npm start [-- options]

  --rounds N     how often each case runs (default: 5); the table shows the median
  --seconds N    length of each run (default: 0.4)
  --help         this text
`;

const transports = ['TCP', 'unix socket'];

const workloads = {
  messages: {
    connections: 16,
    size: 64,
    window: 64,
    shown: '16 connections, 64-byte messages, one at a time',
  },
  bulk: {
    connections: 4,
    size: 65536,
    window: 1 << 20,
    shown: '4 connections, 64 KiB chunks, up to 1 MiB in flight',
  },
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** A child process that answers each message with one message. */
class Peer {
  constructor(script, args) {
    this.child = fork(path.join(import.meta.dirname, script), args);
  }

  answer() {
    return new Promise((resolve, reject) => {
      const { child } = this;
      const exit = (code, signal) =>
        reject(new Error(`${child.spawnfile} ended: ${signal ?? code}`));
      child.once('exit', exit);
      child.once('message', (message) => {
        child.off('exit', exit);
        if (message.error) reject(new Error(message.error));
        else resolve(message);
      });
    });
  }

  ask(question) {
    const answer = this.answer();
    this.child.send(question);
    return answer;
  }

  stop() {
    if (this.child.connected) this.child.disconnect();
  }
}

/** Progress: rewritten in place on a terminal, one line each otherwise. */
function progress(done, total, text) {
  if (!process.stdout.isTTY) {
    if (text) console.log(`[${String(done).padStart(2)}/${total}] ${text}`);
    return;
  }
  const width = 24;
  const filled = Math.round((done / total) * width);
  process.stdout.write(`\r\x1b[K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${text}`);
}

async function measure({ server, client, endpoints }, transport, workload, seconds) {
  const before = await server.ask('usage');
  const result = await client.ask({ where: endpoints[transport], workload, seconds });
  const after = await server.ask('usage');
  const cpu = after.microseconds - before.microseconds;
  return {
    messagesPerSecond: result.messages / result.seconds,
    cpuPerMessage: cpu / result.messages,
    megabytesPerSecond: result.bytes / 1e6 / result.seconds,
    cpuPerMegabyte: cpu / (result.bytes / 1e6),
    bytes: result.bytes,
  };
}

function table(samples) {
  const figure = (transport, name, workload, key) =>
    median(samples[transport][name][workload].map((sample) => sample[key]));
  const columns = [
    { title: 'messages/s', of: ['messages', 'messagesPerSecond'], digits: 0 },
    { title: 'server CPU µs/message', of: ['messages', 'cpuPerMessage'], digits: 2 },
    { title: 'bulk MB/s', of: ['bulk', 'megabytesPerSecond'], digits: 0 },
    { title: 'server CPU µs/MB', of: ['bulk', 'cpuPerMegabyte'], digits: 0 },
  ];
  const number = (value, digits) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const rows = [['', '', ...columns.map(({ title }) => title)]];
  for (const transport of transports) {
    const values = implementations.map((name) =>
      columns.map(({ of }) => figure(transport, name, ...of)),
    );
    for (const [index, name] of implementations.entries()) {
      rows.push([
        index === 0 ? transport : '',
        name,
        ...values[index].map((value, column) => number(value, columns[column].digits)),
      ]);
    }
    rows.push([
      '',
      'ratio',
      ...values[0].map((value, column) => `${number(value / values[1][column], 2)}×`),
    ]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('   ');
  return [line(rows[0]), '-'.repeat(line(rows[0]).length), ...rows.slice(1).map(line)].join('\n');
}

async function main({ rounds, seconds }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-'));
  const pairs = {};
  try {
    for (const [index, name] of implementations.entries()) {
      const socketPath =
        process.platform === 'win32'
          ? `\\\\.\\pipe\\${path.basename(folder)}-${index}`
          : path.join(folder, `${index}.sock`);
      const pair = {
        server: new Peer('server.mjs', [name, socketPath]),
        client: new Peer('client.mjs', [name]),
      };
      pairs[name] = pair;
      const [{ backend, endpoints }] = await Promise.all([
        pair.server.answer(),
        pair.client.answer(),
      ]);
      if (name === 'uvnet' && backend !== 'native') {
        throw new Error(
          `uvnet runs on its fallback (backend "${backend}"): build the addon with "npm run build"`,
        );
      }
      pair.endpoints = endpoints;
    }

    console.log(
      `Echo on uvnet and on node:net, Node ${process.version}: a server process and a client process each.`,
    );
    for (const [name, { shown }] of Object.entries(workloads)) console.log(`  ${name}: ${shown}`);
    console.log('');

    const samples = {};
    const total =
      rounds * transports.length * Object.keys(workloads).length * implementations.length;
    let done = 0;
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      for (const transport of transports) {
        for (const [workload, settings] of Object.entries(workloads)) {
          for (const name of implementations) {
            const what = `${transport}, ${workload}, ${name}`;
            if (process.stdout.isTTY) progress(done, total, what);
            const sample = await measure(pairs[name], transport, settings, seconds);
            (((samples[transport] ??= {})[name] ??= {})[workload] ??= []).push(sample);
            bytes += sample.bytes;
            const speed =
              workload === 'messages'
                ? `${Math.round(sample.messagesPerSecond).toLocaleString('en-US')} messages/s`
                : `${Math.round(sample.megabytesPerSecond)} MB/s`;
            progress(++done, total, `${what}: ${speed}, hashes equal`);
          }
        }
      }
    }
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
    console.log(`\n${table(samples)}\n`);
    console.log(
      `Medians of ${rounds} rounds. All ${(bytes / 1e6).toFixed(0)} MB came back unchanged (SHA-256).`,
    );
    console.log(
      'Ratio: uvnet / node:net. More is better for messages and MB, less is better for server CPU.',
    );
  } finally {
    for (const { server, client } of Object.values(pairs)) {
      client.stop();
      server.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.4' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
} else {
  await main({ rounds: Number(values.rounds), seconds: Number(values.seconds) });
}
