// Descriptors over Unix sockets. node:net does not have this, so these cases run on uvnet alone.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { ReceivedDescriptor, Socket } from '../../lib/index';
import { runChild } from '../helpers/child';
import { thrownBy } from '../helpers/errors';
import { deferred, nextEvent } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { lean } from '../helpers/lean';
import { onLinux } from '../helpers/platforms';
import { Random } from '../helpers/random';
import { Scope, endpointOf, portOf } from '../helpers/scope';
import { readAll } from '../helpers/streams';

const describeUnix = process.platform !== 'win32' && uvnet !== undefined ? describe : describe.skip;

/** How many descriptors this process has; reading the folder takes one more, every time. */
const openDescriptors = (): number => readdirSync('/dev/fd').length;

describeUnix('descriptors over unix sockets', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'uvnet-fd-'));
  });
  afterEach(async () => {
    await scope.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function join(
    options: object = { receiveDescriptors: true },
  ): Promise<{ sender: Socket; receiver: Socket }> {
    const { client, peer } = await scope.pair({ transport: 'unix', server: options });
    return { sender: client as Socket, receiver: peer as Socket };
  }

  /** A descriptor of a file that holds `text`. */
  function file(text: string): number {
    const name = path.join(folder, `file-${text}`);
    writeFileSync(name, text);
    return openSync(name, 'r');
  }

  function contents(received: ReceivedDescriptor): string {
    const fd = received.take();
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  }

  test('a descriptor arrives with its bytes, between those before and those after', async () => {
    const { sender, receiver } = await join();
    const log: string[] = [];
    receiver.on('descriptor', (received: ReceivedDescriptor, position: number) => {
      log.push(`${received.type} ${contents(received)} at ${position}`);
    });
    receiver.on('data', (chunk: Buffer) => log.push(String(chunk)));
    const fd = file('one');
    const done = deferred<Error | null | undefined>();
    sender.write('before ');
    expect(sender.sendDescriptor('with', fd, done.resolve)).toBe(true);
    // The caller does not need its own descriptor any more.
    closeSync(fd);
    sender.end(' after');
    await nextEvent(receiver, 'end');
    expect(await done.promise).toBeFalsy();
    expect(log.join('|')).toMatch(/^(before \|)?FILE one at 11\|(before )?with\| after$/);
    expect(sender.bytesWritten).toBe(17);
  });

  test('hundreds of descriptors among random writes arrive at their positions', async () => {
    const random = new Random(6);
    const { sender, receiver } = await join();
    const before = openDescriptors();
    const sent: { name: string; end: number }[] = [];
    const got: { name: string; end: number }[] = [];
    receiver.on('descriptor', (received: ReceivedDescriptor, position: number) => {
      got.push({ name: contents(received), end: position });
    });
    const received = readAll(receiver);
    const pieces: Buffer[] = [];
    let offset = 0;
    for (let i = 0; i < 300; i++) {
      const size = random.integer(1, i % 10 === 0 ? 50_000 : 200);
      const piece = Buffer.alloc(size, `${i} `);
      pieces.push(piece);
      offset += size;
      if (i % 3 === 0) {
        const fd = file(String(i));
        sender.sendDescriptor(piece.subarray(0, size), fd);
        closeSync(fd);
        // A descriptor ends a chunk. One that came in several pieces came with the first of them.
        if (size < 200) sent.push({ name: String(i), end: offset });
      } else {
        sender.write(piece);
      }
      if (random.chance(0.25)) await new Promise(setImmediate);
    }
    sender.end();
    expect((await received).equals(Buffer.concat(pieces))).toBe(true);
    expect(got).toHaveLength(100);
    expect(got.filter(({ name }) => sent.some((one) => one.name === name))).toEqual(sent);
    await nextEvent(sender, 'close');
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('a descriptor waits for bytes that the kernel did not take', async () => {
    const { sender, receiver } = await join();
    receiver.pause();
    const size = 4 * 1024 * 1024;
    sender.write(Buffer.alloc(size, 'f'));
    expect(sender.writableLength).toBeGreaterThan(0);
    const fd = file('late');
    sender.sendDescriptor('x', fd);
    closeSync(fd);
    sender.end('tail');
    const arrived = nextEvent(receiver, 'descriptor');
    let name = '';
    receiver.once('descriptor', (received: ReceivedDescriptor) => (name = contents(received)));
    const received = readAll(receiver);
    const [, position] = (await arrived) as [ReceivedDescriptor, number];
    expect(position).toBe(size + 1);
    expect((await received).length).toBe(size + 5);
    expect(name).toBe('late');
  });

  test('a descriptor may be sent before the socket is connected', async () => {
    const server = scope.server({ receiveDescriptors: true } as never);
    await scope.listen(server, { path: scope.path() });
    const accepted = nextEvent(server, 'connection');
    const client = scope.connect(endpointOf(server)) as Socket;
    const fd = file('early');
    client.write('a');
    client.sendDescriptor('b', fd);
    client.write('c');
    closeSync(fd);
    const [peer] = (await accepted) as [Socket];
    let name = '';
    peer.on('descriptor', (received: ReceivedDescriptor) => (name = contents(received)));
    client.end();
    expect(String(await readAll(peer))).toBe('abc');
    expect(name).toBe('early');
  });

  test('descriptors pass in both directions if both ends accept them', async () => {
    const server = scope.server({ receiveDescriptors: true } as never);
    await scope.listen(server, { path: scope.path() });
    const joined = await scope.join(server, { receiveDescriptors: true } as never);
    const [client, peer] = [joined.client as Socket, joined.peer as Socket];
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      const fd = file('x');
      const arrived = new Promise<string>((resolve) => {
        to.once('descriptor', (received: ReceivedDescriptor) => resolve(contents(received)));
      });
      to.resume();
      from.sendDescriptor('x', fd);
      closeSync(fd);
      expect(await arrived).toBe('x');
    }
  });

  test('a connection moves to another owner and goes on there', async () => {
    const { sender, receiver } = await join();
    const tcp = await scope.pair();
    const moved = new Promise<Socket>((resolve) => {
      receiver.once('descriptor', (received: ReceivedDescriptor) => {
        expect([received.type, received.listening]).toEqual(['TCP', false]);
        expect(thrownBy(() => received.toServer()).code).toBe('ERR_INVALID_FD_TYPE');
        const socket = scope.track(received.toSocket());
        expect(received.fd).toBe(-1);
        expect(thrownBy(() => received.take()).code).toBe('ERR_INVALID_STATE');
        resolve(socket);
      });
    });
    receiver.resume();
    sender.sendDescriptor('take this', tcp.peer);
    const socket = await moved;
    tcp.peer.destroy();
    tcp.client.write('hello');
    expect(String((await nextEvent(socket, 'data'))[0])).toBe('hello');
    socket.end('goodbye');
    expect(String(await readAll(tcp.client))).toBe('goodbye');
  });

  test('a server moves to another process', async () => {
    const listener = scope.server();
    const place = scope.path('server');
    await scope.listen(listener, { path: place });
    const tcp = await scope.listen(scope.server());
    const port = portOf(tcp);
    const accepted = nextEvent(listener, 'connection');
    const outcome = runChild(
      uvnet!,
      ({ net, args }) => {
        const link = net.connect({
          path: (args as unknown as [string])[0],
          receiveDescriptors: true,
        } as never);
        link.on('descriptor', (received) => {
          const server = (received as ReceivedDescriptor).toServer({}, (socket) => {
            socket.end('served elsewhere');
            server.close();
          });
          server.on('listening', () => link.end('ready'));
        });
        link.resume();
      },
      { args: [place] },
    );
    const [link] = (await accepted) as [Socket];
    link.sendDescriptor('!', tcp);
    const ready = readAll(link);
    // From here on only the child accepts.
    tcp.close();
    expect(String(await ready)).toBe('ready');
    const client = scope.connect({ port, host: '127.0.0.1' });
    expect(String(await readAll(client))).toBe('served elsewhere');
    expect(await outcome).toMatchObject({ code: 0, stderr: '' });
  });

  const python = (program: string, ...args: string[]) => {
    const child = spawn('python3', ['-c', program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = readAll(child.stdout);
    const code = new Promise((resolve) => child.once('close', resolve));
    return { output, code };
  };

  describe('a server on a path', () => {
    const exists = (where: string): boolean => existsSync(where);

    test('leaves the path to the receiver when it is closed', async () => {
      const { sender, receiver } = await join();
      const place = scope.path('sent');
      const server = scope.server();
      await scope.listen(server, { path: place });
      const arrived = nextEvent(receiver, 'descriptor') as Promise<[ReceivedDescriptor, number]>;
      const next = deferred<void>();
      receiver.once('descriptor', (received: ReceivedDescriptor) => {
        const own = received.toServer({}, (socket) => socket.end('the next'));
        scope.trackServer(own).once('listening', () => next.resolve());
      });
      sender.sendDescriptor('x', server);
      // At once, before anybody has it.
      server.close();
      await arrived;
      await next.promise;
      const client = scope.connect({ path: place });
      expect(String(await readAll(client))).toBe('the next');
    });

    test('leaves it also if the process ends without closing the server', async () => {
      const place = path.join(folder, 'place');
      const channels = scope.server({ receiveDescriptors: true } as never);
      await scope.listen(channels, { path: path.join(folder, 'channel') });
      const child = runChild(
        uvnet!,
        ({ net: module, args: [channel, where] }) => {
          const server = module.createServer().listen({ path: where }, () => {
            const link = module.connect({ path: channel }) as Socket;
            link.sendDescriptor('x', server, () => process.exit());
          });
        },
        { args: [path.join(folder, 'channel'), place] },
      );
      expect((await child).code).toBe(0);
      expect(exists(place)).toBe(true);
    });

    test('removes the path if it could not be sent, or if only a connection was sent', async () => {
      const { sender, receiver } = await join();
      const place = scope.path('kept');
      const server = scope.server();
      const { client } = await scope.join(await scope.listen(server, { path: place }));
      await new Promise<void>((resolve) => {
        sender.sendDescriptor('x', client as Socket, () => resolve());
      });
      receiver.destroy();
      sender.destroy();
      const error = await new Promise((resolve) => sender.sendDescriptor('x', server, resolve));
      expect(error).toHaveProperty('code', 'ERR_STREAM_DESTROYED');
      server.close();
      expect(exists(place)).toBe(false);
    });
  });

  test('the server of a handler table moves to another owner', async () => {
    const { sender, receiver } = await join();
    const table = lean.listen({ port: 0, host: '127.0.0.1' }, {});
    await table.ready;
    expect(table.fd).toBeGreaterThan(2);
    const arrived = nextEvent(receiver, 'descriptor') as Promise<[ReceivedDescriptor, number]>;
    const next = deferred<void>();
    receiver.once('descriptor', (received: ReceivedDescriptor) => {
      const server = received.toServer({}, (socket) => socket.end('the next'));
      scope.trackServer(server).once('listening', () => next.resolve());
    });
    sender.sendDescriptor('x', table);
    await arrived;
    const { port } = table;
    await table.close();
    expect(table.fd).toBe(-1);
    await next.promise;
    const client = scope.connect({ port: port!, host: '127.0.0.1' });
    expect(String(await readAll(client))).toBe('the next');
  });

  test('a program without uvnet receives one', async () => {
    const server = scope.server();
    const place = scope.path();
    await scope.listen(server, { path: place });
    const accepted = nextEvent(server, 'connection');
    const { output, code } = python(
      `import os, socket, sys
link = socket.socket(socket.AF_UNIX); link.connect(sys.argv[1])
data, fds, flags, address = socket.recv_fds(link, 100, 4)
print(data.decode(), len(fds), os.read(fds[0], 100).decode(), flush=True)`,
      place,
    );
    const [link] = (await accepted) as [Socket];
    const fd = file('for python');
    link.sendDescriptor('payload', fd);
    closeSync(fd);
    expect(String(await output)).toBe('payload 1 for python\n');
    expect(await code).toBe(0);
  });

  test('a program without uvnet sends many with one message', async () => {
    const server = scope.server({ receiveDescriptors: true } as never);
    const place = scope.path();
    await scope.listen(server, { path: place });
    const accepted = nextEvent(server, 'connection');
    const names = Array.from({ length: 20 }, (_, index) => {
      closeSync(file(String(index)));
      return path.join(folder, `file-${index}`);
    });
    const { code } = python(
      `import os, socket, sys
link = socket.socket(socket.AF_UNIX); link.connect(sys.argv[1])
link.sendall(b"first ")
socket.send_fds(link, [b"second "], [os.open(name, os.O_RDONLY) for name in sys.argv[2:]])
link.sendall(b"third")`,
      place,
      ...names,
    );
    const [peer] = (await accepted) as [Socket];
    const got: string[] = [];
    const positions = new Set<number>();
    peer.on('descriptor', (received: ReceivedDescriptor, position: number) => {
      got.push(contents(received));
      positions.add(position);
    });
    expect(String(await readAll(peer))).toBe('first second third');
    expect(got).toEqual(names.map((_, index) => String(index)));
    expect([...positions]).toEqual([13]);
    expect(await code).toBe(0);
  });

  test('the bytes after them are read even if the peer closed long ago', async () => {
    const server = scope.server({ receiveDescriptors: true, pauseOnConnect: true } as never);
    const place = scope.path();
    await scope.listen(server, { path: place });
    const accepted = nextEvent(server, 'connection');
    const fd = file('x');
    const { code } = python(
      `import os, socket, sys
link = socket.socket(socket.AF_UNIX); link.connect(sys.argv[1])
file = os.open(sys.argv[2], os.O_RDONLY)
for i in range(50): socket.send_fds(link, [b"with "], [file]); link.sendall(b"without ")`,
      place,
      path.join(folder, 'file-x'),
    );
    closeSync(fd);
    const [peer] = (await accepted) as [Socket];
    expect(await code).toBe(0);
    let count = 0;
    peer.on('descriptor', (received: ReceivedDescriptor) => {
      if (received.type === 'FILE') count++;
      closeSync(received.take());
    });
    expect(String(await readAll(peer))).toBe('with without '.repeat(50));
    expect(count).toBe(50);
  });

  onLinux('a file that others use stays blocking (/proc)', async () => {
    const { sender, receiver } = await join();
    receiver.resume();
    const fd = file('blocking');
    const flags = (): number =>
      parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1], 8);
    const O_NONBLOCK = 0o4000;
    await new Promise((resolve) => sender.sendDescriptor('x', fd, resolve));
    expect(flags() & O_NONBLOCK).toBe(0);
    expect(fstatSync(fd).size).toBe(8);
    closeSync(fd);
  });

  test('the socket writes as before afterwards', async () => {
    const { sender, receiver } = await join();
    const fd = file('x');
    await new Promise((resolve) => sender.sendDescriptor('x', fd, resolve));
    closeSync(fd);
    expect(Object.hasOwn(sender, '_write')).toBe(false);
    expect(Object.hasOwn(sender, '_writev')).toBe(false);
    sender.end('y');
    expect(String(await readAll(receiver))).toBe('xy');
  });

  test('wrong arguments are refused', async () => {
    const { sender } = await join();
    const code = (...args: unknown[]): unknown =>
      thrownBy(() => Reflect.apply(sender.sendDescriptor, sender, args) as unknown).code;
    expect(code('', 0)).toBe('ERR_INVALID_ARG_VALUE');
    expect(code(1, 0)).toBe('ERR_INVALID_ARG_TYPE');
    expect(code('x', '0')).toBe('ERR_INVALID_ARG_TYPE');
    expect(code('x', null)).toBe('ERR_INVALID_ARG_TYPE');
    expect(code('x', -1)).toBe('ERR_OUT_OF_RANGE');
    expect(code('x', {})).toBe('ERR_INVALID_HANDLE_TYPE');
    expect(code('x', new net.Socket())).toBe('ERR_INVALID_HANDLE_TYPE');
    expect(code('x', 999_999)).toBe('EBADF');
    expect(code('x', 0, 'callback')).toBe('ERR_INVALID_ARG_TYPE');
    const { client } = await scope.pair();
    expect(thrownBy(() => (client as Socket).sendDescriptor('x', 0)).code).toBe(
      'ERR_INVALID_STATE',
    );
    expect(Object.hasOwn(sender, '_write')).toBe(false);
  });
});
