// How a process ends while servers listen and connections are busy: exit code,
// signal and output must be those of the same program on node:net.
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { ChildTools, Outcome } from '../helpers/child';
import { runChild } from '../helpers/child';
import type { Implementation } from '../helpers/implementations';
import { implementations, reference, uvnet } from '../helpers/implementations';
import { localPath } from '../helpers/scope';

const rivals = implementations.map((each): [string, Implementation] => [each.name, each]);

/** The first lines of an uncaught exception name files; what counts is its message. */
function essence({ code, signal, stdout, stderr }: Outcome): object {
  const error = /^(?:Uncaught:\n)?.*(?:Error|Uncaught)[^\n]*$/m.exec(stderr)?.[0];
  return { code, signal, stdout, error };
}

async function sameAsReference(
  body: (tools: ChildTools) => unknown,
  args?: unknown[],
): Promise<Outcome> {
  const expected = await runChild(reference, body, { args });
  if (uvnet !== undefined) {
    const actual = await runChild(uvnet, body, { args });
    expect(essence(actual)).toEqual(essence(expected));
  }
  return expected;
}

describe.each(rivals)('a process on %s', (_, implementation) => {
  test('ends by itself once all is closed', async () => {
    const { code, signal, stdout } = await runChild(implementation, ({ net }) => {
      const server = net.createServer((peer) => peer.pipe(peer));
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        const client = net.connect(port, '127.0.0.1', () => client.end('echo'));
        client.on('data', (chunk) => process.stdout.write(chunk));
        client.on('close', () => server.close(() => console.log(' closed')));
      });
    });
    expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'echo closed\n' });
  });

  test('does not wait for unreferenced sockets and servers', async () => {
    const { code, stdout } = await runChild(implementation, ({ net }) => {
      const server = net.createServer();
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        server.on('connection', (peer) => {
          peer.unref();
          console.log('connected');
        });
        const client = net.connect(port, '127.0.0.1', () => {
          client.unref();
          server.unref();
        });
      });
      process.on('exit', () => console.log('exit'));
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'connected\nexit\n' });
  });

  test('does not wait for a socket that was unreferenced before its connect', async () => {
    const { code, stdout } = await runChild(implementation, ({ net }) => {
      const server = net.createServer();
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        server.unref();
        server.on('connection', (peer) => peer.unref());
        const client = new net.Socket();
        client.unref();
        client.connect(port, '127.0.0.1', () => console.log('connected'));
      });
      process.on('exit', () => console.log('exit'));
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(connected\n)?exit\n$/);
  });

  test('waits for a socket that was unreferenced and referenced again', async () => {
    const { code, stdout } = await runChild(implementation, ({ net }) => {
      const server = net.createServer((peer) => peer.end());
      server.unref();
      server.listen(0, '127.0.0.1');
      server.ref();
      server.on('listening', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        // Comes only where the process lives on, for the server alone.
        setTimeout(() => {
          const client = net.connect(port, '127.0.0.1').resume();
          client.unref().ref();
          client.on('close', () => {
            console.log('served');
            server.unref();
          });
        }, 50).unref();
      });
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'served\n' });
  });
});

describe('ends as on node:net', () => {
  // A server, and connections that never stop sending both ways.
  const busy = ({ net, args }: ChildTools): void => {
    const [how] = args as string[];
    let seen = 0;
    const server = net.createServer((peer) => {
      const write = (): void => {
        if (!peer.destroyed) peer.write(Buffer.alloc(10_000), () => setImmediate(write));
      };
      peer.on('error', () => {});
      peer.on('data', () => {
        if (++seen < 20) return;
        switch (how) {
          case 'exit':
            process.exit(7);
            break;
          case 'exit in exit':
            process.once('exit', () => process.exit(8));
            process.exit(7);
            break;
          case 'throw':
            throw new Error('from the data listener');
          case 'throw null':
            // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the case
            throw null;
          case 'throw undefined':
            // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the case
            throw undefined;
          case 'reject':
            void Promise.reject(new Error('rejected'));
            return;
          case 'abort signal':
            process.kill(process.pid, 'SIGTERM');
            return;
          case 'uncaught handler':
            process.once('uncaughtException', (error) => {
              console.log('handled', error.message);
              process.exit(0);
            });
            throw new Error('from the data listener');
        }
      });
      write();
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as import('node:net').AddressInfo;
      for (let count = 0; count < 5; count++) {
        const client = net.connect(port, '127.0.0.1');
        client.on('error', () => {});
        client.pipe(client);
      }
    });
    net.createServer().listen(0, '127.0.0.1');
  };

  test.each([
    ['exit', 7],
    ['exit in exit', 8],
    ['throw', 1],
    ['throw null', 1],
    ['throw undefined', 1],
    ['reject', 1],
    ['uncaught handler', 0],
  ])('after %s in a data listener, a process with busy connections ends', async (how, code) => {
    expect(await sameAsReference(busy, [how])).toMatchObject({ code, signal: null });
  });

  test('after a signal, a process with busy connections ends', async () => {
    expect(await sameAsReference(busy, ['abort signal'])).toMatchObject({ signal: 'SIGTERM' });
  });

  const throwing = ({ net, args }: ChildTools): void => {
    const [where, what] = args as [string, string];
    const value =
      what === 'error'
        ? new Error('thrown')
        : what === 'null'
          ? null
          : what === 'text'
            ? 'text'
            : undefined;
    const boom = (at: string) => (): void => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- null and undefined too
      if (at === where) throw value;
    };
    process.on('uncaughtException', (error, origin) => {
      console.log(where, String(error), origin);
      // The rest of the program goes on.
      setImmediate(() => process.exit(0));
    });
    const server = net.createServer({ allowHalfOpen: true });
    server.on('listening', boom('listening'));
    server.on('close', boom('server close'));
    server.on('error', boom('server error'));
    server.on('connection', (peer) => {
      peer.on('data', boom('data'));
      peer.on('end', () => {
        peer.end('answer');
        boom('end')();
      });
      peer.on('finish', boom('finish'));
      peer.on('close', boom('close'));
      peer.on('readable', where === 'readable' ? boom('readable') : () => peer.read());
      boom('connection')();
    });
    const start = (): void => {
      const { port } = server.address() as import('node:net').AddressInfo;
      const client = net.connect({
        port,
        host: 'a.name',
        lookup: (_host, _options, callback) => {
          setImmediate(() =>
            Reflect.apply(callback, null, [null, [{ address: '127.0.0.1', family: 4 }]]),
          );
        },
        autoSelectFamily: true,
      });
      client.on('lookup', boom('lookup'));
      client.on('connectionAttempt', boom('connectionAttempt'));
      client.on('connect', boom('connect'));
      client.on('ready', boom('ready'));
      client.on('drain', boom('drain'));
      client.on('timeout', boom('timeout'));
      client.on('error', boom('error'));
      client.setTimeout(where === 'timeout' ? 10 : 0);
      client.write('request', boom('write callback'));
      if (where === 'drain') {
        client.on('connect', () => client.write(Buffer.alloc(32_000_000)));
      }
      if (where === 'error') client.on('connect', () => client.destroy(new Error('mine')));
      if (where !== 'timeout' && where !== 'drain') client.end(boom('end callback'));
      client.resume();
      client.on('close', () => server.close(boom('close callback')));
    };
    server.listen(0, '127.0.0.1', boom('listen callback'));
    server.once('listening', start);
    if (where === 'listening' || where === 'listen callback') start();
    server.getConnections(boom('getConnections'));
    if (where === 'server error') {
      server.once('listening', () => {
        const other = net.createServer().on('error', boom('server error'));
        other.listen((server.address() as import('node:net').AddressInfo).port, '127.0.0.1');
      });
    }
  };

  const places = [
    'listening', 'listen callback', 'connection', 'data', 'end', 'finish', 'close', 'readable',
    'lookup', 'connectionAttempt', 'connect', 'ready', 'drain', 'timeout', 'error',
    'write callback', 'end callback', 'close callback', 'server close', 'getConnections', 'server error',
  ]; // prettier-ignore
  test.each(places)('after an exception in %s, a process ends', async (where) => {
    // Every kind of value for callbacks of the native code, and an error for all others.
    const fromNative = ['connection', 'data', 'end', 'connect', 'close'].includes(where);
    for (const what of fromNative ? ['error', 'null', 'undefined', 'text'] : ['error']) {
      const outcome = await sameAsReference(throwing, [where, what]);
      expect({ what, code: outcome.code, signal: outcome.signal }).toEqual({
        what,
        code: 0,
        signal: null,
      });
      expect(outcome.stdout).toContain('uncaughtException');
    }
  });
});

describe('nothing that node:net would have sent is lost', () => {
  // The child connects to a server of this process, writes and ends at once.
  const writer = ({ net, args }: ChildTools): void => {
    const [path, how, writes, size] = args as [string, string, number, number];
    const client = net.connect(path, () => {
      for (let count = 0; count < writes; count++) {
        client.write(count % 2 === 0 ? 'x'.repeat(size) : Buffer.alloc(size, 'x'));
      }
      switch (how) {
        case 'process.exit()':
          return process.exit(0);
        case 'an exception':
          throw new Error('end');
        case 'destroy()':
          client.destroy();
          return;
        case 'destroySoon()':
          client.destroySoon();
          return;
        case 'end()':
          client.end();
          return;
        case 'end() and process.exit()':
          client.end();
          return process.exit(0);
        case 'process.exit() in the next tick':
          process.nextTick(() => process.exit(0));
          return;
        case 'process.exit() in a promise':
          void Promise.resolve().then(() => process.exit(0));
          return;
        case 'writes in an exit listener':
          process.once('exit', () => client.write('y'.repeat(size)));
          return process.exit(0);
        case 'process.reallyExit() by a signal':
          process.kill(process.pid, 'SIGKILL');
      }
    });
  };

  const hows = [
    'process.exit()', 'an exception', 'destroy()', 'destroySoon()', 'end()', 'end() and process.exit()',
    'process.exit() in the next tick', 'process.exit() in a promise', 'writes in an exit listener',
  ]; // prettier-ignore
  test.each(hows)('%s right after writes sends everything', async (how) => {
    for (const [writes, size] of [
      [1, 10],
      [2, 10],
      [50, 100],
      [20, 5000],
    ] as const) {
      const received: string[] = [];
      for (const implementation of implementations) {
        received.push(await receiveFrom(implementation, writer, [how, writes, size]));
      }
      expect(new Set(received.map((each) => each.length)).size).toBe(1);
      // A pipe of Windows takes no write at once, so the next one waits in the stream.
      if (process.platform === 'win32') continue;
      expect(received[0]?.length).toBe(
        writes * size + (how === 'writes in an exit listener' ? size : 0),
      );
    }
  });

  // As above, but one text on each of many connections.
  const manyWriters = ({ net, args }: ChildTools): void => {
    const [path, count] = args as [string, number];
    const clients: Socket[] = [];
    for (let i = 0; i < count; i++) {
      net.connect(path, function (this: Socket) {
        if (clients.push(this) < count) return;
        for (const client of clients) client.write('x');
        process.exit(0);
      });
    }
  };
  test.each(implementations)(
    'process.exit() right after writes to many sockets sends everything: $name',
    async (each) => {
      expect(await receiveFrom(each, manyWriters, [50], 50)).toBe('x'.repeat(50));
    },
  );

  /** What a child that connects so many times sends on all its connections. */
  async function receiveFrom(
    implementation: Implementation,
    body: (tools: ChildTools) => void,
    args: unknown[],
    connections = 1,
  ): Promise<string> {
    const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-'));
    const place = localPath(folder, 'socket');
    const server = reference.net.createServer();
    const received = new Promise<string>((resolve) => {
      let text = '';
      let closed = 0;
      server.on('connection', (peer) => {
        peer.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
        peer.on('close', () => {
          closed += 1;
          if (closed === connections) resolve(text);
        });
        peer.on('error', () => {});
      });
    });
    await new Promise<void>((resolve) => server.listen(place, resolve));
    const outcome = await runChild(implementation, body, { args: [place, ...args] });
    expect(outcome.signal).toBeNull();
    const text = await received;
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
    return text;
  }
});
