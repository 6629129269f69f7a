#!/usr/bin/env node
// Published packages on node:net and on uvnet, by uvnet/register: the same program, the same output.
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { missingServer, startServer } from './lib/real-servers.mjs';
import { at, capture, CommandError, main, readJson, root, run } from './lib/tools.mjs';

const help = `Usage: node scripts/packages.mjs [options]

  --only NAME   one program of test/packages/programs; may be given more than once
  --rounds N    how often the busy programs run, on each side (default: 3)
  --write       write the results to docs/ECOSYSTEM.md
  --help        this text

Installs the newest releases from the npm registry into a temporary folder. The servers come from Debian packages:
redis-server, postgresql, mariadb-server, openssh-server, haproxy. With UVNET_TEST_ALL=1, a missing server is a failure.
`;

/**
 * The programs: their packages, requirements and descriptions, and the packages that must get
 * uvnet.
 */
const cases = [
  {
    name: 'ioredis',
    packages: ['ioredis'],
    servers: ['redis'],
    ran: 'TCP and Unix socket; commands, pipeline, 5 MB, publish; busy: 100 in flight',
  },
  {
    name: 'pg',
    packages: ['pg'],
    servers: ['postgres'],
    ran: 'TCP, TLS, Unix socket; parameters, 1 MB, errors, notify; busy: pool of 5',
  },
  {
    name: 'mysql2',
    packages: ['mysql2'],
    servers: ['mariadb'],
    ran: 'TCP, TLS, Unix socket; queries, prepared, 500 KB, errors; busy: one after the other',
  },
  {
    name: 'mqtt',
    packages: ['mqtt', 'aedes'],
    asks: ['mqtt'],
    ran: 'client and broker; three levels of service, 1 MB; busy: 5,000 messages',
  },
  {
    name: 'ws',
    packages: ['ws'],
    ran: 'client and server, with and without compression; 2 MB; busy: 20,000 echoes',
  },
  {
    name: 'ssh2',
    packages: ['ssh2'],
    servers: ['ssh'],
    ran: 'against OpenSSH, and client and server of its own; busy: echo of 20 MB',
  },
  { name: 'smtp', packages: ['smtp-server', 'nodemailer'], ran: 'STARTTLS, login, mails of 3 MB' },
  {
    name: 'http-proxy',
    packages: ['http-proxy', 'ws'],
    asks: [],
    ran: '3 MB and a WebSocket through it, behind servers of net',
  },
  { name: 'fastify', packages: ['fastify'], asks: [], ran: 'fetch and a raw socket as clients' },
  {
    name: 'express',
    packages: ['express'],
    asks: [],
    ran: 'on its own, and behind a server of net; JSON of 2 MB',
  },
  {
    name: 'socket.io',
    packages: ['socket.io', 'socket.io-client'],
    asks: [],
    ran: 'polling, WebSocket, upgrade; 500 KB; behind a server of net',
  },
  {
    name: 'front',
    packages: ['express', 'fastify', 'ws', 'socket.io', '@grpc/grpc-js'],
    asks: [],
    servers: ['haproxy'],
    ran: 'behind HAProxy and a front: who is the client; HTTPS, HTTP/2, upgrades, 1 MB',
  },
  { name: 'rhea', packages: ['rhea'], ran: 'AMQP 1.0, client and server; 2,000 messages, 1 MB' },
  {
    name: 'undici',
    packages: ['undici', 'ws'],
    asks: ['undici'],
    ran: 'client; 3 MB, WebSocket; busy: 6,000 requests by 10 connections',
  },
  {
    name: 'together',
    packages: ['express', 'ioredis', 'pg', 'ws'],
    asks: ['ioredis', 'pg', 'ws'],
    servers: ['redis', 'postgres'],
    ran: 'one service with all of them; PostgreSQL over TLS',
  },
];

const UVNET = ['--import', 'uvnet/register'];

/** Runs a program once. Throws if it fails. */
async function runOnce(folder, { name }, env, flags) {
  const { status, signal, stdout, stderr } = await capture(
    process.execPath,
    [...flags, '--no-warnings', `${name}.mjs`],
    {
      cwd: folder,
      env: { ...process.env, ...env, UVNET_REGISTER_REPORT: '1', NODE_OPTIONS: '' },
      timeout: 120_000,
    },
  );
  if (status !== 0) {
    throw new CommandError(`${signal ?? `exit code ${status}`}\n${stdout}${stderr}`);
  }
  const busy = /^busy (\d+)$/m.exec(stderr);
  return { stdout, stderr, cpu: busy ? Number(busy[1]) : undefined };
}

/** Throws if the program did not use uvnet, because the comparison would be meaningless. */
function checkUse({ packages, asks = packages }, stderr) {
  const got = /^ {2}got uvnet: (.*)$/m.exec(stderr)?.[1].split(', ') ?? [];
  const missing = [...asks, '(program)'].filter(
    (name) => !got.includes(name) && !(name === '(program)' && asks.length > 0),
  );
  if (missing.length > 0) {
    throw new CommandError(`these did not get uvnet: ${missing.join(', ')}\n${stderr}`);
  }
}

const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function runCase(folder, each, env, rounds) {
  const control = await runOnce(folder, each, env, []);
  const uvnet = await runOnce(folder, each, env, UVNET);
  checkUse(each, uvnet.stderr);
  if (uvnet.stdout !== control.stdout) {
    throw new CommandError(`node:net printed\n${control.stdout}\nand uvnet\n${uvnet.stdout}`);
  }
  if (control.cpu === undefined) return {};
  const times = { control: [control.cpu], uvnet: [uvnet.cpu] };
  // In turns, so that other load of the machine affects both.
  for (let round = 1; round < rounds; round++) {
    times.control.push((await runOnce(folder, each, env, [])).cpu);
    times.uvnet.push((await runOnce(folder, each, env, UVNET)).cpu);
  }
  return { control: middle(times.control) / 1e6, uvnet: middle(times.uvnet) / 1e6 };
}

function installPackages(selected) {
  const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-packages-'));
  // For servers that run as another user.
  chmodSync(folder, 0o755);
  const names = [...new Set(selected.flatMap(({ packages }) => packages))];
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  run('npm', ['install', ...options, ...names], { cwd: folder });
  symlinkSync(root, path.join(folder, 'node_modules/uvnet'), 'dir');
  cpSync(at('test/packages/programs'), folder, { recursive: true });
  return folder;
}

const versionOf = (folder, name) =>
  readJson(path.join(folder, 'node_modules', name, 'package.json')).version;

function rowOf(folder, { packages, ran }, { outcome, control, uvnet }) {
  const names = packages.map((name) => `${name} ${versionOf(folder, name)}`).join(', ');
  const times =
    control === undefined
      ? ['–', '–', '–']
      : [control.toFixed(2), uvnet.toFixed(2), (uvnet / control).toFixed(2)];
  return `| ${[names, ran, outcome, ...times].join(' | ')} |`;
}

const HEAD = [
  '| Packages | What ran | node:net and uvnet | CPU s, node:net | CPU s, uvnet | Ratio |',
  '| --- | --- | --- | --- | --- | --- |',
];

function writeTable(rows) {
  const file = at('docs/ECOSYSTEM.md');
  const text = readFileSync(file, 'utf8');
  const about = `Node ${process.versions.node}, ${process.platform}-${process.arch}.`;
  const table = ['<!-- results -->', '', about, '', ...HEAD, ...rows, '', '<!-- end -->'].join(
    '\n',
  );
  writeFileSync(
    file,
    text.replace(/<!-- results -->[^]*<!-- end -->/, () => table),
  );
  run(
    process.execPath,
    [at('node_modules/prettier/bin/prettier.cjs'), '--write', '--log-level=warn', file],
    { quiet: true },
  );
}

main(async () => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: cases.map(({ name }) => name) },
      rounds: { type: 'string', default: '3' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const unknown = values.only.find((name) => !cases.some((each) => each.name === name));
  if (unknown) {
    throw new CommandError(
      `--only ${unknown}: not one of ${cases.map(({ name }) => name).join(', ')}`,
    );
  }
  run(process.execPath, [at('scripts/build.mjs'), '--if-needed'], { quiet: true });
  const selected = cases.filter(({ name }) => values.only.includes(name));
  const folder = installPackages(selected);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const rows = [];
  try {
    for (const each of selected) {
      const { name, servers = [] } = each;
      const missing = servers.map(missingServer).find((debian) => debian !== undefined);
      if (missing && process.env.UVNET_TEST_ALL !== '1') {
        console.log(`skipped ${name}: ${missing} is missing (apt-get install ${missing})`);
        counts.skipped++;
        continue;
      }
      const running = [];
      let result;
      try {
        for (const server of servers) running.push(await startServer(server, folder, name));
        const env = Object.assign({}, ...running.map((server) => server.env));
        result = {
          outcome: 'the same',
          ...(await runCase(folder, each, env, Number(values.rounds))),
        };
        counts.passed++;
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        console.log(`FAILED ${name}: ${error.message.slice(0, 4000)}`);
        result = { outcome: '**different**' };
        counts.failed++;
      } finally {
        for (const { stop } of running) await stop();
      }
      rows.push(rowOf(folder, each, result));
      console.log(rows.at(-1));
    }
    if (values.write) writeTable(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { passed, failed, skipped } = counts;
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (failed > 0) process.exitCode = 1;
});
