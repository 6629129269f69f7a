// Peeking at the first bytes without consuming them. node:net does not have this, so these cases
// run on uvnet alone.
import { once } from 'node:events';
import http from 'node:http';
import type { Socket as NodeSocket } from 'node:net';

import type { Socket } from '../../lib/index';
import { fewDescriptors, runChild } from '../helpers/child';
import { errorShape } from '../helpers/errors';
import { nextEvent, nextTurn } from '../helpers/events';
import { uvnet } from '../helpers/implementations';
import { Scope, portOf, transports } from '../helpers/scope';
import { readAll } from '../helpers/streams';

const describeUnix = process.platform !== 'win32' && uvnet !== undefined ? describe : describe.skip;

describeUnix('peek', () => {
  const { net } = uvnet!;
  const scope = new Scope(net);
  afterEach(() => scope.dispose());

  const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'none',
      (error: unknown) => errorShape(error).code,
    );

  describe.each(transports)('over %s', (transport) => {
    const pair = async (server: object = {}): Promise<{ client: NodeSocket; peer: Socket }> =>
      (await scope.pair({ transport, server })) as never;

    test('waits for that many bytes, which are read afterwards', async () => {
      const { client, peer } = await pair();
      let seen = false;
      const peeked = peer.peek(5).then((bytes) => {
        seen = true;
        return bytes;
      });
      client.write('123');
      await nextTurn();
      expect(seen).toBe(false);
      expect(peer.bytesRead).toBe(0);
      client.write('45678');
      expect(String(await peeked)).toBe('12345');
      client.end('9');
      expect(String(await readAll(peer))).toBe('123456789');
    });

    test('returns fewer bytes if the peer has closed', async () => {
      const { client, peer } = await pair();
      const peeked = peer.peek(100);
      client.write('short');
      client.end();
      expect(String(await peeked)).toBe('short');
      expect(String(await readAll(peer))).toBe('short');
    });

    test('returns nothing if nothing arrives', async () => {
      const { client, peer } = await pair();
      const peeked = peer.peek(1);
      client.end();
      expect((await peeked).length).toBe(0);
      peer.resume();
      await nextEvent(peer, 'end');
      expect(peer.bytesRead).toBe(0);
    });

    test('may be called again, for more, and after reading', async () => {
      const { client, peer } = await pair({ pauseOnConnect: true });
      client.write('abcdefgh');
      expect(String(await peer.peek(2))).toBe('ab');
      expect(String(await peer.peek(4))).toBe('abcd');
      expect(peer.bytesRead).toBe(0);
      peer.resume();
      expect(String((await nextEvent(peer, 'data'))[0])).toBe('abcdefgh');
      peer.pause();
      const peeked = peer.peek(3);
      client.end('xyz');
      expect(String(await peeked)).toBe('xyz');
      expect(String(await readAll(peer))).toBe('xyz');
    });

    test('includes bytes that were read and not consumed', async () => {
      const { client, peer } = await pair();
      peer.pause();
      client.write('read ');
      while (peer.readableLength === 0) await nextTurn();
      expect(String(await peer.peek(4))).toBe('read');
      const peeked = peer.peek(9);
      client.end('more');
      expect(String(await peeked)).toBe('read more');
      expect(String(await readAll(peer))).toBe('read more');
    });

    test('a data listener that is added meanwhile gets all bytes later', async () => {
      const { client, peer } = await pair();
      const peeked = peer.peek(3);
      const log: string[] = [];
      peer.on('data', (chunk: Buffer) => log.push(`data ${String(chunk)}`));
      void peeked.then((bytes) => log.push(`peek ${String(bytes)}`));
      client.write('ab');
      await nextTurn();
      client.end('c');
      await nextEvent(peer, 'end');
      expect(log[0]).toBe('peek abc');
      expect(log.slice(1).join('')).toMatch(/^data abc$|^data abdata c$/);
    });

    test('rejects if the socket is closed meanwhile', async () => {
      const { peer } = await pair();
      const peeked = codeOf(peer.peek(3));
      peer.destroy();
      expect(await peeked).toBe('ERR_SOCKET_CLOSED');
      expect(await codeOf(peer.peek(3))).toBe('ERR_SOCKET_CLOSED');
    });

    test('does not keep the loop busy while it waits', async () => {
      const { client, peer } = await pair();
      client.write('1');
      const peeked = peer.peek(2);
      const events = (): number => performance.nodeTiming.uvMetricsInfo.events;
      // A descriptor that stayed readable would bring an event in every turn. The runtime's own tasks,
      // such as a garbage collection in small steps, do so for a while: then we look again.
      let fewest = Infinity;
      for (let attempt = 0; attempt < 20 && fewest >= 50; attempt++) {
        const before = events();
        for (let turn = 0; turn < 100; turn++) await nextTurn();
        fewest = Math.min(fewest, events() - before);
      }
      expect(fewest).toBeLessThan(50);
      client.write('2');
      expect(String(await peeked)).toBe('12');
    });
  });

  test('waits for the connection', async () => {
    const server = await scope.listen(scope.server((peer) => peer.end('greeting')));
    const client = scope.connect({ port: portOf(server), host: '127.0.0.1' }) as Socket;
    expect(String(await client.peek(5))).toBe('greet');
    expect(String(await readAll(client))).toBe('greeting');
    const gone = scope.connect({ port: portOf(server), host: '127.0.0.1' }) as Socket;
    const peeked = codeOf(gone.peek(5));
    gone.destroy();
    expect(await peeked).toBe('ERR_SOCKET_CLOSED');
  });

  test('a reset ends the peek and the socket', async () => {
    const { client, peer } = (await scope.pair()) as never as { client: NodeSocket; peer: Socket };
    const failed = nextEvent(peer, 'error');
    const peeked = codeOf(peer.peek(5));
    client.resetAndDestroy();
    expect(await peeked).toBe('ECONNRESET');
    expect(errorShape((await failed)[0])).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  test('returns bytes that came before a reset', async () => {
    const { client, peer } = (await scope.pair()) as never as { client: NodeSocket; peer: Socket };
    const peeked = peer.peek(5);
    client.write('abc');
    await nextTurn();
    client.resetAndDestroy();
    expect(String(await peeked)).toBe('abc');
    peer.on('error', () => {});
    expect(String(await readAll(peer))).toBe('abc');
  });

  test('wrong use is rejected', async () => {
    const { peer } = (await scope.pair()) as never as { peer: Socket };
    expect(await codeOf(peer.peek(0))).toBe('ERR_OUT_OF_RANGE');
    expect(await codeOf(peer.peek(16385))).toBe('ERR_OUT_OF_RANGE');
    expect(await codeOf(peer.peek('1' as never))).toBe('ERR_INVALID_ARG_TYPE');
    const first = codeOf(peer.peek(1));
    expect(await codeOf(peer.peek(1))).toBe('ERR_INVALID_STATE');
    peer.destroy();
    expect(await first).toBe('ERR_SOCKET_CLOSED');
    const { peer: text } = (await scope.pair()) as never as { peer: Socket };
    text.setEncoding('utf8');
    expect(await codeOf(text.peek(1))).toBe('ERR_INVALID_STATE');
  });

  test('lets one port serve HTTP and another protocol', async () => {
    const web = http.createServer((_request, response) => response.end('over HTTP'));
    const server = await scope.listen(
      scope.server((peer) => {
        void (peer as Socket).peek(4).then((bytes) => {
          if (String(bytes) === 'GET ') web.emit('connection', peer);
          else peer.pipe(peer);
        });
      }),
    );
    const port = portOf(server);
    const request = http.get({ port, host: '127.0.0.1', agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(String(await readAll(response))).toBe('over HTTP');
    const echo = scope.connect({ port, host: '127.0.0.1' });
    echo.end('not the web');
    expect(String(await readAll(echo))).toBe('not the web');
  });

  test.each([1024, 2048, 4096, 8192, 16384])(
    'a receive buffer of %i bytes is enough for as many, and too small for more',
    async (size) => {
      const { client, peer } = (await scope.pair({
        server: { recvBufferSize: size } as never,
      })) as never as { client: NodeSocket; peer: Socket };
      const holds = peer.getOption('recvBufferSize')! / 2;
      client.on('error', () => {}).write(Buffer.alloc(1 << 20, 'x'));
      if (holds < 16384) {
        const error: unknown = await peer.peek(holds + 1).catch((reason: unknown) => reason);
        // Or they are there, by chance.
        if (!Buffer.isBuffer(error)) {
          expect(errorShape(error)).toMatchObject({ code: 'ENOBUFS', syscall: 'peek' });
        }
      }
      expect(await peer.peek(size)).toHaveLength(size);
      // The connection is not affected.
      expect(String((await nextEvent(peer, 'data'))[0])).toMatch(/^x+$/);
    },
  );

  test('rejects if no descriptor is left for it, and the connection goes on', async () => {
    const { stdout, stderr } = await runChild(
      uvnet!,
      ({ net, takeDescriptors }) => {
        const server = net.createServer((peer) => {
          const release = takeDescriptors();
          void (peer as Socket).peek(5).catch((error: NodeJS.ErrnoException) => {
            release(2);
            console.log(error.code);
            void (peer as Socket).peek(5).then((bytes) => {
              console.log(String(bytes));
              peer.on('data', (data) => {
                console.log(String(data));
                process.exit();
              });
            });
            client.write('hello');
          });
        });
        let client: import('node:net').Socket;
        console.log('start');
        server.listen(0, '127.0.0.1', () => {
          const { port } = server.address() as { port: number };
          client = net.connect(port, '127.0.0.1');
        });
      },
      { under: fewDescriptors },
    );
    expect([stdout, stderr]).toEqual(['start\nEMFILE\nhello\nhello\n', '']);
  });

  test.each(['before', 'after'])(
    'does not keep the process of a socket that is unref()ed %s',
    async (when) => {
      const server = await scope.listen(scope.server());
      const { code, stdout, stderr } = await runChild(
        uvnet!,
        ({ net, args: [port, unref] }) => {
          const socket = net.connect(port as number, '127.0.0.1', () => {
            if (unref === 'before') socket.unref();
            void (socket as Socket).peek(4);
            if (unref === 'after') socket.unref();
            console.log('waiting');
          });
        },
        { args: [portOf(server), when] },
      );
      expect([code, stdout, stderr]).toEqual([0, 'waiting\n', '']);
    },
  );

  test('keeps the process of a socket that is ref()ed again', async () => {
    const server = await scope.listen(scope.server((peer) => peer.end('here')));
    const { code, stdout } = await runChild(
      uvnet!,
      ({ net, args: [port] }) => {
        const socket = net.connect(port as number, '127.0.0.1', () => {
          socket.unref();
          void (socket as Socket).peek(4).then((bytes) => console.log(String(bytes)));
          socket.ref();
        });
      },
      { args: [portOf(server)] },
    );
    expect([code, stdout]).toEqual([0, 'here\n']);
  });

  test('a process may end while a peek waits', async () => {
    const outcome = await runChild(uvnet!, ({ net }) => {
      const server = net.createServer((peer) => {
        void (peer as Socket).peek(5);
        setImmediate(() => process.exit(7));
      });
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        net.connect(port, '127.0.0.1');
      });
    });
    expect(outcome).toMatchObject({ code: 7, signal: null, stderr: '' });
  });
});
