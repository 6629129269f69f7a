import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import type { Socket } from 'node:net';

import * as net from 'uvnet';

import { binding } from '../../lib/internal/native/binding';
import { Pipe } from '../../lib/internal/native/pipe';
import { runChild } from '../helpers/child';
import { errorShape, thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { uvnet, type Net } from '../helpers/implementations';
import { Scope } from '../helpers/scope';

/** Paths of Unix sockets: their mode, and the socket of a crashed server. */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

const createServer = (): net.Server =>
  scope.trackServer(net.createServer() as never) as unknown as net.Server;

/** Listens and returns the result: 'listening', or the shape of an error. */
async function listen(server: net.Server, options: net.ListenOptions): Promise<unknown> {
  const failed = nextEvent(server, 'error').then(([error]) => errorShape(error));
  server.listen(options);
  return Promise.race([failed, nextEvent(server, 'listening').then(() => 'listening')]);
}

/** A socket whose process was killed. */
async function leaveStale(path: string): Promise<void> {
  const { signal } = await runChild(
    uvnet!,
    ({ net: { createServer: create }, args }) => {
      create().listen(args[0], () => process.kill(process.pid, 'SIGKILL'));
    },
    { args: [path] },
  );
  expect(signal).toBe('SIGKILL');
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe('mode', () => {
  const umask = process.umask();
  const modes = [0o600, 0o660, 0o666, 0o777, 0o200].map(
    (mode) => [mode.toString(8), mode] as const,
  );
  test.each(modes)('%s is the mode of the path', async (_, mode) => {
    const path = scope.path();
    expect(await listen(createServer(), { path, mode })).toBe('listening');
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  test('is in place when the system calls listen(2)', async () => {
    const path = scope.path();
    const server = createServer();
    const seen: number[] = [];
    // The step after which connections are possible.
    const spy = jest.spyOn(Pipe.prototype, 'listen').mockImplementation(() => {
      seen.push(statSync(path).mode & 0o777);
      return 0;
    });
    server.listen({ path, mode: 0o622 });
    spy.mockRestore();
    expect(seen).toEqual([0o622]);
    await nextEvent(server, 'listening');
  });

  test.each(['a symbolic link', 'a file', 'another socket'])(
    'is not applied to %s that has replaced the socket',
    async (what) => {
      const path = scope.path();
      const precious = scope.path('precious');
      if (what !== 'another socket') writeFileSync(precious, '', { mode: 0o600 });
      else await listen(createServer(), { path: precious, mode: 0o600 });
      const { bind } = Pipe.prototype;
      const spy = jest.spyOn(Pipe.prototype, 'bind').mockImplementation(function (
        this: Pipe,
        name,
      ) {
        const status = Reflect.apply(bind, this, [name]) as number;
        unlinkSync(path);
        if (what === 'a symbolic link') symlinkSync(precious, path);
        else linkSync(precious, path);
        return status;
      });
      const server = createServer();
      const outcome = listen(server, { path, mode: 0o666 });
      spy.mockRestore();
      expect(await outcome).toMatchObject({ code: 'ENOTSOCK', syscall: 'listen', address: path });
      expect(server.listening).toBe(false);
      expect(statSync(precious).mode & 0o777).toBe(0o600);
      rmSync(path, { force: true });
    },
  );

  test('the umask decides if there is none', async () => {
    const path = scope.path();
    await listen(createServer(), { path });
    expect(statSync(path).mode & 0o777).toBe(0o777 & ~umask);
  });

  test.each([-1, 0o1000, '600', 0.5])('%p is refused', (mode) => {
    const listenWith = (): unknown =>
      createServer().listen({ path: scope.path(), mode: mode as number });
    expect(thrownBy(listenWith).message).toMatch(/options\.mode/);
  });

  test('is refused for an abstract socket', () => {
    const listenWith = (): unknown => createServer().listen({ path: '\0uvnet-mode', mode: 0o600 });
    expect(thrownBy(listenWith)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  });
});

describe('replaceStale', () => {
  test('replaces a socket that nobody listens on', async () => {
    const path = scope.path();
    await leaveStale(path);
    expect(await listen(createServer(), { path })).toMatchObject({ code: 'EADDRINUSE' });
    const server = createServer();
    expect(await listen(server, { path, replaceStale: true, mode: 0o600 })).toBe('listening');
    await scope.join(server as never);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('leaves a socket that is in use', async () => {
    const path = scope.path();
    const connections = jest.fn();
    const first = createServer().on('connection', connections);
    await listen(first, { path });
    expect(await listen(createServer(), { path, replaceStale: true })).toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: path,
    });
    await scope.join(first as never);
    expect(first.listening).toBe(true);
    // The check did not disturb the server.
    expect(connections).toHaveBeenCalledTimes(1);
  });

  test('leaves a socket that is bound and does not listen yet', async () => {
    const path = scope.path();
    const bound = new Pipe();
    expect(bound.bind(path)).toBe(0);
    expect(await listen(createServer(), { path, replaceStale: true })).toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(existsSync(path)).toBe(true);
    bound.close();
  });

  test('binds under the lock of the directory, even if the path is free', async () => {
    const path = scope.path();
    const { bind } = Pipe.prototype;
    const locks: number[] = [];
    const spy = jest.spyOn(Pipe.prototype, 'bind').mockImplementation(function (this: Pipe, name) {
      const directory = openSync(dirname(path), 'r');
      locks.push(binding.lockFile(directory));
      closeSync(directory);
      return Reflect.apply(bind, this, [name]) as number;
    });
    const outcome = listen(createServer(), { path, replaceStale: true });
    spy.mockRestore();
    expect(await outcome).toBe('listening');
    expect(locks.map((status) => getSystemErrorName(status))).toEqual(['EAGAIN']);
  });

  test('goes on if another process keeps the lock of the directory', async () => {
    const path = scope.path();
    await leaveStale(path);
    const directory = openSync(dirname(path), 'r');
    expect(binding.lockFile(directory)).toBe(0);
    expect(await listen(createServer(), { path, replaceStale: true })).toBe('listening');
    closeSync(directory);
  });

  test('leaves the directory unlocked, and no file in it', async () => {
    const path = scope.path();
    await leaveStale(path);
    const before = readdirSync(dirname(path));
    expect(await listen(createServer(), { path, replaceStale: true })).toBe('listening');
    expect(readdirSync(dirname(path))).toEqual(before);
    const directory = openSync(dirname(path), 'r');
    expect(binding.lockFile(directory)).toBe(0);
    closeSync(directory);
  });

  test('leaves a file of another kind', async () => {
    const path = scope.path();
    writeFileSync(path, 'precious');
    expect(await listen(createServer(), { path, replaceStale: true })).toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(existsSync(path)).toBe(true);
  });

  test('does not matter if the path is free', async () => {
    const path = scope.path();
    expect(await listen(createServer(), { path, replaceStale: true })).toBe('listening');
  });

  test('lets one of many servers that start at once have the path', async () => {
    const path = scope.path();
    await leaveStale(path);
    // Each reports its result here, and stays until all have done so.
    const words: string[] = [];
    const desk = scope.server();
    const told = new Promise<void>((resolve) => {
      const waiting: Socket[] = [];
      desk.on('connection', (child: Socket) => {
        child.setEncoding('utf8').once('data', (word: string) => {
          words.push(word);
          if (waiting.push(child) < 4) return;
          for (const each of waiting) each.destroy();
          resolve();
        });
      });
    });
    const deskPath = scope.path('desk');
    await scope.listen(desk, { path: deskPath });
    const children = Array.from({ length: 4 }, () =>
      runChild(
        uvnet!,
        ({ net: { createServer: create, connect }, args }) => {
          const [wanted, report] = args as string[];
          const tell = (word: string): void => {
            connect(report!)
              .on('close', () => process.exit())
              .write(word);
          };
          const server = create();
          server.on('error', (error: NodeJS.ErrnoException) => tell(error.code!));
          server.listen({ path: wanted, replaceStale: true } as never, () => tell('listening'));
        },
        { args: [path, deskPath] },
      ),
    );
    await told;
    await Promise.all(children);
    expect(words.sort()).toEqual(['EADDRINUSE', 'EADDRINUSE', 'EADDRINUSE', 'listening']);
  });

  test('must be a boolean', () => {
    const listenWith = (): unknown =>
      createServer().listen({ path: scope.path(), replaceStale: 1 as never });
    expect(thrownBy(listenWith)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

if (process.platform === 'linux') {
  describe('abstract names', () => {
    const prefix = `uvnet-${process.pid}-`;

    test('are listened on and connected to', async () => {
      const path = `\0uvnet-${process.pid}`;
      const server = createServer();
      expect(await listen(server, { path })).toBe('listening');
      expect(server.address()).toBe(path);
      const { client, peer } = await scope.join(server as never);
      client.end('hello');
      const [data] = (await once(peer, 'data')) as [Buffer];
      expect(data.toString()).toBe('hello');
    });

    test.each(['name', 'na\0me', 'name\0', 'x'.repeat(107 - prefix.length)])(
      'consist of exactly their bytes: %j',
      async (name) => {
        const path = `\0${prefix}${name}`;
        expect(await listen(createServer(), { path })).toBe('listening');
        // The kernel writes each zero as @.
        const names = readFileSync('/proc/net/unix', 'latin1')
          .split('\n')
          .map((line) => line.slice(line.indexOf('@')));
        expect(names).toContain(path.replaceAll('\0', '@'));
      },
    );

    test('that are too long are refused', async () => {
      const path = `\0${'x'.repeat(108)}`;
      expect(await listen(createServer(), { path })).toMatchObject({ code: 'EINVAL' });
      const client = scope.track(net.connect(path) as never) as Socket;
      expect(await nextEvent(client, 'error')).toMatchObject([{ code: 'EINVAL' }]);
    });

    test('without a listener refuse in a later turn, and the socket can connect again', async () => {
      const path = `\0${prefix}nobody`;
      const client = scope.track(net.connect(path) as never) as Socket;
      expect(client.connecting).toBe(true);
      const [[error]] = await Promise.all([nextEvent(client, 'error'), nextEvent(client, 'close')]);
      expect(error).toMatchObject({ code: 'ECONNREFUSED', address: path });
      expect(await listen(createServer(), { path })).toBe('listening');
      client.connect(path);
      await nextEvent(client, 'connect');
    });

    test('a socket may be destroyed while it connects to one', async () => {
      const path = `\0${prefix}destroyed`;
      const server = createServer();
      await listen(server, { path });
      const client = scope.track(net.connect(path) as never) as Socket;
      const connected = jest.fn();
      client.on('connect', connected).destroy();
      await nextEvent(client, 'close');
      await scope.join(server as never);
      expect(connected).not.toHaveBeenCalled();
    });
  });

  test('a path with a zero byte is rejected and not truncated', async () => {
    const path = scope.path('cut');
    expect(await listen(createServer(), { path: `${path}\0off` })).toMatchObject({
      code: 'EINVAL',
    });
    expect(existsSync(path)).toBe(false);
    const client = scope.track(net.connect(`${path}\0off`) as never) as Socket;
    expect(await nextEvent(client, 'error')).toMatchObject([{ code: 'EINVAL' }]);
  });
}
