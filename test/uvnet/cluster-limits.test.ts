import path from 'node:path';

import type { ChildTools } from '../helpers/child';
import { policies, runClusterOn, type Policy } from '../helpers/cluster';
import { uvnet } from '../helpers/implementations';
import { onLinux } from '../helpers/platforms';

/** Limits, filters and PROXY headers in the workers of a cluster, for both scheduling policies. */

interface Setup {
  options: object;
  /** Makes the server block the address of the peer. */
  blocks?: boolean;
  says: string;
}

interface Report {
  let: string[];
  drops: string[];
  stats: { accepted: number; open: number; dropped: Record<string, number> };
}

const CLIENTS = 4;
const HEADER = 'PROXY TCP4 192.0.2.7 192.0.2.8 7 8\r\n';
const lean = path.resolve(__dirname, '../../dist/lean.js');

/** A worker, and clients that all come at once; the report of the worker goes to stdout. */
function program({ net, require, args: [, where, setup, leanEntry, clients] }: ChildTools): void {
  const cluster = require('node:cluster') as import('node:cluster').Cluster;
  const node = require('node:net') as typeof import('node:net');
  if (cluster.isPrimary) {
    const worker = cluster.fork();
    const sockets: import('node:net').Socket[] = [];
    worker.on('message', (message: { report?: object }) => {
      if (message.report === undefined) {
        for (let i = 0; i < clients; i++) {
          const socket = node.connect((message as { address: object }).address as never);
          socket.on('error', () => {}).resume();
          socket.write(setup.says as string);
          sockets.push(socket);
        }
        return;
      }
      console.log(JSON.stringify(message.report));
      for (const socket of sockets) socket.destroy();
      worker.kill();
    });
    return;
  }
  const options = { ...setup.options } as Record<string, unknown>;
  if (setup.blocks === true) {
    const list = new net.BlockList();
    list.addAddress('127.0.0.1');
    options.blockList = list;
  }
  const report = { let: [] as string[], drops: [] as string[] };
  let server: any;
  const tell = (): void => {
    if (report.let.length + report.drops.length < clients) return;
    process.send!({ report: { ...report, stats: server.stats() } });
  };
  const opened = ({ remoteAddress }: { remoteAddress?: string }): void => {
    report.let.push(String(remoteAddress));
    tell();
  };
  const dropped = ({ reason }: { reason: string }): void => {
    report.drops.push(reason);
    tell();
  };
  const listening = (): void => {
    const address = server.address();
    process.send!({
      address: typeof address === 'string' ? { path: address } : { port: address.port },
    });
  };
  if (leanEntry !== null) {
    const { listen } = require(leanEntry) as typeof import('../../lib/lean');
    const handlers = { open: opened, data: () => {}, drop: dropped };
    server = listen({ ...where, ...options } as never, handlers as never);
    void server.ready.then(listening);
    return;
  }
  server = net.createServer(options as never, (socket) => {
    socket.on('error', () => {});
    opened(socket);
  });
  server.on('drop', dropped).listen(where, listening);
}

async function run(policy: Policy, where: object, setup: Setup, entry: string | null) {
  const args = [where, setup, entry, CLIENTS];
  const { stdout, stderr } = await runClusterOn(uvnet!, program, policy, args);
  expect(stderr).toBe('');
  const { let: admitted, drops, stats } = JSON.parse(stdout) as Report;
  const counted = Object.entries(stats.dropped).filter(([, count]) => count > 0);
  expect(stats).toMatchObject({ accepted: admitted.length, open: admitted.length });
  return { admitted, drops, counted: Object.fromEntries(counted) };
}

/** The results of the clients: the addresses of accepted ones, and the reasons for the others. */
function outcome(admitted: number, address: string, reason?: string): object {
  const dropped = CLIENTS - admitted;
  return {
    admitted: Array.from({ length: admitted }, () => address),
    drops: Array.from({ length: dropped }, () => reason),
    counted: dropped > 0 ? { [reason!]: dropped } : {},
  };
}

const tcp = '127.0.0.1';
const unix = 'undefined';
const setups: [string, Setup, onTcp: object, onUnix: object][] = [
  [
    'maxConnectionsPerAddress',
    { options: { maxConnectionsPerAddress: 1 }, says: 'hello' },
    outcome(1, tcp, 'maxConnectionsPerAddress'),
    outcome(CLIENTS, unix),
  ],
  [
    'acceptRate',
    { options: { acceptRate: { perSecond: 0.001, burst: 2 } }, says: 'hello' },
    outcome(2, tcp, 'acceptRate'),
    outcome(2, unix, 'acceptRate'),
  ],
  [
    'blockList',
    { options: {}, blocks: true, says: 'hello' },
    outcome(0, tcp, 'blockList'),
    outcome(CLIENTS, unix),
  ],
  [
    "proxyProtocol 'required', without a header",
    { options: { proxyProtocol: 'required' }, says: 'GET / HTTP/1.0\r\n\r\n' },
    outcome(0, tcp, 'proxyHeader'),
    outcome(0, unix, 'proxyHeader'),
  ],
  [
    "proxyProtocol 'required', with a header",
    { options: { proxyProtocol: 'required' }, says: HEADER },
    outcome(CLIENTS, '192.0.2.7'),
    outcome(CLIENTS, '192.0.2.7'),
  ],
  [
    "proxyProtocol 'required' and maxConnectionsPerAddress",
    { options: { proxyProtocol: 'required', maxConnectionsPerAddress: 3 }, says: HEADER },
    outcome(3, '192.0.2.7', 'maxConnectionsPerAddress'),
    outcome(3, '192.0.2.7', 'maxConnectionsPerAddress'),
  ],
];

describe.each(policies)('in the worker of a cluster (scheduling policy %s)', (policy) => {
  const overTcp = { port: 0, host: '127.0.0.1' };

  test.each(setups)('%s applies to a server', async (_name, setup, expected) => {
    expect(await run(policy, overTcp, setup, null)).toEqual(expected);
  });

  test.each(setups)('%s applies to a handler table', async (_name, setup, expected) => {
    expect(await run(policy, overTcp, setup, lean)).toEqual(expected);
  });

  onLinux.each(setups)('%s applies to a Unix socket', async (name, setup, _onTcp, expected) => {
    const unique = `\0uvnet-${process.pid}-${policy}-${name}`;
    expect(await run(policy, { path: unique.slice(0, 100) }, setup, null)).toEqual(expected);
  });
});

onLinux(
  'a worker without a descriptor for a connection of its primary reports this and goes on',
  async () => {
    const { stdout, stderr } = await runClusterOn(uvnet!, ({ net, require }) => {
      const cluster = require('node:cluster') as import('node:cluster').Cluster;
      const node = require('node:net') as typeof import('node:net');
      const fs = require('node:fs') as typeof import('node:fs');
      const { execFileSync } = require('node:child_process') as typeof import('node:child_process');
      if (cluster.isWorker) {
        const server = net.createServer((socket) => socket.end('hello'));
        const kept: number[] = [];
        server.on('acceptError', (error: NodeJS.ErrnoException) => {
          for (const fd of kept.splice(0)) fs.closeSync(fd);
          const { acceptErrors } = (server as unknown as import('../../lib/index').Server).stats();
          process.send!(`${error.code} ${acceptErrors}`);
        });
        server.listen(0, '127.0.0.1', () => {
          execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=100:100']);
          try {
            for (;;) kept.push(fs.openSync('/dev/null', 'r'));
          } catch {
            // One, for what comes from the primary.
            fs.closeSync(kept.pop()!);
          }
          process.send!((server.address() as import('node:net').AddressInfo).port);
        });
        return;
      }
      let port: number;
      const worker = cluster.fork().on('message', (message: number | string) => {
        if (typeof message === 'number') port = message;
        else console.log(message);
        node
          .connect(port, '127.0.0.1')
          .on('error', () => {})
          .on('data', (data) => {
            console.log(String(data));
            worker.disconnect();
          });
      });
      worker.on('exit', (code) => console.log('exit', code));
    });
    expect([stdout, stderr]).toEqual(['EMFILE 1\nhello\nexit 0\n', '']);
  },
);
