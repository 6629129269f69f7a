import type { ChildTools, Outcome, Body } from '../helpers/child';
import { runChild } from '../helpers/child';
import { policies, runClusterOn, type Policy } from '../helpers/cluster';
import { describeNet, nodeAtLeast, uvnet } from '../helpers/implementations';

describeNet('workers of a cluster', (implementation) => {
  const runCluster = (body: Body, policy?: Policy): Promise<Outcome> =>
    runClusterOn(implementation, body, policy);

  describe.each(policies)('scheduling policy %s', (policy) => {
    test('two workers serve one port, and disconnect() closes both', async () => {
      const { code, stdout, stderr } = await runCluster(({ net, require }) => {
        const cluster = require('node:cluster') as import('node:cluster').Cluster;
        const node = require('node:net') as typeof import('node:net');
        if (cluster.isWorker) {
          const server = net.createServer((socket) => socket.end(String(process.pid)));
          server.listen(0, '127.0.0.1');
          server.on('close', () => console.log('closed'));
          return;
        }
        const workers = [cluster.fork(), cluster.fork()];
        const answered = new Set<string>();
        const ask = (port: number, left: number): void => {
          // Any worker may get a shared connection, so it may take several to see both.
          if (answered.size === 2 || left === 0) {
            console.log(`answers of ${answered.size}`);
            for (const worker of workers) worker.disconnect();
            return;
          }
          let pid = '';
          const burst = Array.from(
            { length: 8 },
            () =>
              new Promise<void>((resolve) => {
                const client = node.connect(port, '127.0.0.1');
                client.on('data', (chunk) => (pid = String(chunk)));
                client.on('close', () => {
                  answered.add(pid);
                  resolve();
                });
              }),
          );
          void Promise.all(burst).then(() => ask(port, left - 1));
        };
        let listening = 0;
        cluster.on('listening', (_worker, { port, addressType }) => {
          console.log(`listening ${addressType}`);
          if (++listening === 2) ask(port, 100);
        });
        cluster.on('exit', (worker, exitCode) => {
          console.log(`exit ${exitCode} ${worker.exitedAfterDisconnect}`);
        });
      }, policy);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout.trim().split('\n').sort()).toEqual([
        'answers of 2',
        'closed',
        'closed',
        'exit 0 true',
        'exit 0 true',
        'listening 4',
        'listening 4',
      ]);
    });
  });

  // Nobody answers the request for the handle, so the process ends.
  test('a process with the id of a worker and without a channel does not listen by itself', async () => {
    const { code, stdout, stderr } = await runChild(
      implementation,
      ({ net }) => {
        net.createServer().listen(0, '127.0.0.1', () => console.log('listening'));
      },
      { env: { NODE_UNIQUE_ID: '1' } },
    );
    expect([code, stdout, stderr]).toEqual([0, '', '']);
  });

  test('a child with a channel that is no worker listens by itself, and so does a thread of a worker', async () => {
    const { stdout, stderr } = await runCluster(({ net, require, args: [file] }) => {
      const cluster = require('node:cluster') as import('node:cluster').Cluster;
      const { fork } = require('node:child_process') as typeof import('node:child_process');
      const { isMainThread, Worker } =
        require('node:worker_threads') as typeof import('node:worker_threads');
      const { argv } = process;
      if (!isMainThread || argv[2] === 'child') {
        const where = isMainThread ? 'child' : 'thread';
        const server = net.createServer().listen(0, '127.0.0.1', () => {
          console.log(`${where} listens, a worker: ${cluster.isWorker}`);
          server.close();
          if (isMainThread) process.disconnect!();
        });
        return;
      }
      if (cluster.isWorker) {
        new Worker(file as string).on('exit', () => process.disconnect!());
        return;
      }
      cluster.fork().on('exit', () => fork(file as string, ['child']));
      cluster.on('listening', () => console.log('the primary was asked'));
    });
    expect(stderr).toBe('');
    expect(stdout).toBe('thread listens, a worker: false\nchild listens, a worker: false\n');
  });

  test('a port that is taken is reported to the worker', async () => {
    const { stdout } = await runCluster(({ net, require }) => {
      const cluster = require('node:cluster') as import('node:cluster').Cluster;
      const node = require('node:net') as typeof import('node:net');
      if (cluster.isWorker) {
        const server = net.createServer();
        server.on('error', (error: NodeJS.ErrnoException) => {
          console.log(error.message.replace(/\d+$/, 'PORT'), error.code);
          process.disconnect!();
        });
        server.listen(Number(process.env.TAKEN), '127.0.0.1');
        return;
      }
      const taken = node.createServer().listen(0, '127.0.0.1', () => {
        const { port } = taken.address() as import('node:net').AddressInfo;
        cluster.fork({ TAKEN: String(port) }).on('exit', () => taken.close());
      });
    });
    expect(stdout).toBe('bind EADDRINUSE 127.0.0.1:PORT EADDRINUSE\n');
  });

  // The second of two clients, while the only worker accepts just one connection.
  const crowd = ({ net, require, args: [, drops] }: ChildTools): void => {
    const cluster = require('node:cluster') as import('node:cluster').Cluster;
    const node = require('node:net') as typeof import('node:net');
    if (cluster.isWorker) {
      const server = net.createServer((socket) => {
        socket
          .on('error', () => {})
          .resume()
          .write('hello');
      });
      server.maxConnections = 1;
      Object.assign(server, { dropMaxConnection: process.env.DROPS === 'true' });
      server.on('drop', () => console.log('dropped'));
      server.listen(0, '127.0.0.1');
      return;
    }
    const worker = cluster.fork({ DROPS: String(drops) });
    cluster.on('listening', (_worker, { port }) => {
      const first = node.connect(port, '127.0.0.1');
      first.on('data', () => {
        const second = node.connect(port, '127.0.0.1');
        second.on('data', (data) => {
          console.log(`second: ${String(data)}`);
          second.end();
        });
        second.on('close', () => {
          console.log('second closed');
          first.destroy();
          worker.disconnect();
        });
        // If it is not dropped, it waits until the first one leaves.
        second.on('connect', () => {
          if (drops === false) first.end();
        });
      });
    });
  };
  const crowdedWith = (drops: boolean): Promise<Outcome> =>
    runClusterOn(implementation, crowd, 'rr', [drops]);

  const asked = nodeAtLeast(22);
  (asked ? test : test.skip)(
    `dropMaxConnection: what is too much for a worker is dropped${asked ? '' : ' [the cluster of Node 20 does not ask for it]'}`,
    async () => {
      const { stdout } = await crowdedWith(true);
      expect(stdout.trim().split('\n').sort()).toEqual(['dropped', 'second closed']);
    },
  );

  test('a connection waits for a worker that has room, without dropMaxConnection', async () => {
    const { stdout } = await crowdedWith(false);
    expect(stdout).toBe('second: hello\nsecond closed\n');
  });

  test('each worker has a port of its own with `exclusive`', async () => {
    const { stdout } = await runCluster(({ net, require }) => {
      const cluster = require('node:cluster') as import('node:cluster').Cluster;
      if (cluster.isWorker) {
        const server = net.createServer().listen({ port: 0, exclusive: true }, () => {
          const { port } = server.address() as import('node:net').AddressInfo;
          process.send!(port);
        });
        return;
      }
      const ports = new Set<unknown>();
      for (const worker of [cluster.fork(), cluster.fork()]) {
        worker.on('message', (port: unknown) => {
          ports.add(port);
          if (ports.size < 2) return;
          console.log('two ports');
          for (const each of Object.values(cluster.workers!)) each!.kill();
        });
      }
    });
    expect(stdout).toBe('two ports\n');
  });
});

test.each(policies)(
  'workers of a cluster set the socket options of the server (scheduling policy %s)',
  async (policy) => {
    const { stdout, stderr } = await runClusterOn(
      uvnet!,
      ({ net, require }) => {
        const cluster = require('node:cluster') as import('node:cluster').Cluster;
        const node = require('node:net') as typeof import('node:net');
        if (cluster.isWorker) {
          // userTimeout is inherited from a listening socket, priority is set on each connection.
          const { createServer } = net as unknown as typeof import('../../lib/index');
          const server = createServer({ userTimeout: 12_345, priority: 3 }, (socket) => {
            socket.end(`${socket.getOption('userTimeout')} ${socket.getOption('priority')}`);
          });
          server.listen(0, '127.0.0.1');
          return;
        }
        const worker = cluster.fork();
        cluster.on('listening', (_worker, { port }) => {
          node.connect(port, '127.0.0.1').on('data', (chunk) => {
            console.log(String(chunk));
            worker.disconnect();
          });
        });
      },
      policy,
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('12345 3\n');
  },
);
