import type { AddressInfo, ListenOptions } from 'node:net';

import { thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { portOf } from '../helpers/scope';

describeNet('listen', ({ net, scope }) => {
  test('emits listening in a later tick, and its callback is a listener of it', async () => {
    const log: string[] = [];
    const server = scope.server();
    traceEvents(log, server);
    server.on('listening', () => log.push('listener'));
    expect(server.listen(0, '127.0.0.1', () => log.push('callback'))).toBe(server);
    log.push('returned');
    await nextEvent(server, 'listening');
    await nextTurn();
    expect(log).toEqual(['returned', 'listening', 'listener', 'callback']);
  });

  test.each([
    ['a port', [0]],
    ['a port as a string', ['0']],
    ['a port and a host', [0, '127.0.0.1']],
    ['a port, a host and a backlog', [0, '127.0.0.1', 16]],
    ['a port and a backlog', [0, 16]],
    ['options', [{ port: 0 }]],
    ['options with all of it', [{ port: 0, host: '127.0.0.1', backlog: 16, exclusive: true }]],
    ['options whose port is undefined', [{ port: undefined }]],
    ['options whose port is null', [{ port: null }]],
    ['nothing', []],
    ['null', [null]],
    ['a path', ['PATH']],
    ['a path and a backlog', ['PATH', 16]],
    ['options with a path', [{ path: 'PATH' }]],
    [
      'options with a path, readable and writable by all',
      [{ path: 'PATH', readableAll: true, writableAll: true }],
    ],
  ] as [string, unknown[]][])('takes %s', async (_, shape) => {
    const path = scope.path();
    const args = shape.map((arg) => {
      if (arg === 'PATH') return path;
      if (typeof arg === 'object' && arg !== null && 'path' in arg) return { ...arg, path };
      return arg;
    });
    const server = scope.server();
    const called = new Promise<void>((resolve) => {
      Reflect.apply(server.listen, server, [...args, resolve]);
    });
    await called;
    expect(server.listening).toBe(true);
    if (typeof server.address() === 'string') expect(server.address()).toBe(path);
    else expect(portOf(server)).toBeGreaterThan(0);
    const { client, peer } = await scope.join(server);
    expect(client.pending).toBe(false);
    expect(peer.readyState).toBe('open');
  });

  test('listens on the unspecified IPv6 address for both families if no host is given', async () => {
    const server = await scope.listen(scope.server(), { port: 0 });
    expect(server.address()).toEqual({ address: '::', family: 'IPv6', port: portOf(server) });
    for (const host of ['127.0.0.1', '::1']) {
      const client = scope.connect({ host, port: portOf(server) });
      const [peer] = (await nextEvent(server, 'connection')) as [import('node:net').Socket];
      expect(peer.remoteAddress).toBe(host === '::1' ? '::1' : '::ffff:127.0.0.1');
      client.destroy();
    }
  });

  test.each(['127.0.0.1', '0.0.0.0'])('ignores ipv6Only for %s', async (host) => {
    const server = await scope.listen(scope.server(), { port: 0, host, ipv6Only: true });
    expect(server.address()).toMatchObject({ address: host, family: 'IPv4' });
  });

  test('ipv6Only leaves the IPv4 port free', async () => {
    // In this order, because the other port may be the local one of a connection, and few of those are IPv6.
    const other = await scope.listen(scope.server(), { port: 0, host: '0.0.0.0' });
    const port = portOf(other);
    const server = await scope.listen(scope.server(), { port, host: '::', ipv6Only: true });
    expect(portOf(server)).toBe(port);
  });

  test('resolves a host name', async () => {
    const server = await scope.listen(scope.server(), { port: 0, host: 'localhost' });
    const { address } = server.address() as AddressInfo;
    expect(['127.0.0.1', '::1']).toContain(address);
  });

  test('an unknown host name fails with the error of the lookup', async () => {
    const server = scope.server();
    server.listen(0, 'no-such-host.invalid');
    const [error] = (await nextEvent(server, 'error')) as [NodeJS.ErrnoException];
    expect(error.syscall).toBe('getaddrinfo');
    expect((error as { hostname?: string }).hostname).toBe('no-such-host.invalid');
    expect(server.listening).toBe(false);
  });

  test('a listening server refuses to listen again', async () => {
    const server = await scope.listen(scope.server());
    expect(thrownBy(() => server.listen(0))).toMatchObject({
      name: 'Error',
      code: 'ERR_SERVER_ALREADY_LISTEN',
      message: 'Listen method has been called more than once without closing.',
    });
    await scope.join(server);
  });

  test('listens again after close, and after a failed listen', async () => {
    const taken = await scope.listen(scope.server());
    const server = scope.server();
    server.listen(portOf(taken), '127.0.0.1');
    const [error] = (await nextEvent(server, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('EADDRINUSE');
    await scope.listen(server);
    await scope.join(server);
    server.close();
    await scope.listen(server);
    await scope.join(server);
    expect(server.listening).toBe(true);
  });

  test('does not emit listening if it is closed in the same tick', async () => {
    const log: string[] = [];
    const server = scope.server();
    traceEvents(log, server);
    server.listen(0, '127.0.0.1', () => log.push('callback'));
    server.close(() => log.push('closed'));
    await nextEvent(server, 'close');
    await nextTurn();
    expect(log).toEqual(['close', 'closed']);
  });

  test('does not emit listening if it is closed during the lookup of the host', async () => {
    const server = scope.server();
    const log: string[] = [];
    traceEvents(log, server);
    server.listen(0, 'localhost');
    server.close();
    await nextEvent(server, 'close');
    await new Promise<void>((resolve) => {
      require('node:dns').lookup('localhost', () => resolve());
    });
    await nextTurn();
    expect(log).toEqual(['close']);
    expect(server.listening).toBe(false);
  });

  test.each([
    ['a port that is too high', [65536], 'RangeError', 'ERR_SOCKET_BAD_PORT'],
    ['a negative port', [-1], 'RangeError', 'ERR_SOCKET_BAD_PORT'],
    ['a fraction', [1.5], 'RangeError', 'ERR_SOCKET_BAD_PORT'],
    ['NaN', [NaN], 'RangeError', 'ERR_SOCKET_BAD_PORT'],
    ['options with a bad port', [{ port: '-3' }], 'RangeError', 'ERR_SOCKET_BAD_PORT'],
    [
      'options without port and path',
      [{ host: 'localhost' }],
      'TypeError',
      'ERR_INVALID_ARG_VALUE',
    ],
    ['empty options', [{}], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['a port of a wrong type', [{ port: true }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['a path of a wrong type', [{ path: 5 }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['false', [false], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['a fd below zero', [{ fd: -1 }], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
  ] as [string, unknown[], string, string][])('throws for %s', (_, args, name, code) => {
    const server = scope.server();
    const error = thrownBy(() => Reflect.apply(server.listen, server, args));
    expect(error).toMatchObject({ name, code });
    expect(server.listening).toBe(false);
    // The exact message of the reference.
    const control = require('node:net').createServer();
    expect(error).toEqual(thrownBy(() => Reflect.apply(control.listen, control, args)));
  });

  test('readableAll and writableAll set the mode of the path', async () => {
    const { statSync } = require('node:fs') as typeof import('node:fs');
    const mask = process.umask(0o077);
    try {
      const modes: [ListenOptions, number][] = [
        [{}, 0o000],
        [{ readableAll: true }, 0o044],
        [{ writableAll: true }, 0o022],
        [{ readableAll: true, writableAll: true }, 0o066],
      ];
      for (const [options, others] of modes) {
        const path = scope.path(`${others}.sock`);
        await scope.listen(scope.server(), { path, ...options });
        expect(statSync(path).mode & 0o066).toBe(others);
      }
    } finally {
      process.umask(mask);
    }
  });

  test('a server that never listened has no address and can be closed', async () => {
    const server = new net.Server();
    expect(server.listening).toBe(false);
    expect(server.address()).toBeNull();
    const error = await new Promise<Error | undefined>((resolve) => server.close(resolve));
    expect(error).toMatchObject({
      code: 'ERR_SERVER_NOT_RUNNING',
      message: 'Server is not running.',
    });
  });

  test('accepts a connection that arrives during the event listening', async () => {
    const server = scope.server();
    server.listen(0);
    // Bound and listening at once, though the event comes a tick later.
    const client = scope.connect({ port: portOf(server), host: '127.0.0.1' });
    const [[peer]] = (await Promise.all([
      nextEvent(server, 'connection'),
      nextEvent(client, 'connect'),
    ])) as [[import('node:net').Socket], unknown];
    expect(peer.remotePort).toBe(client.localPort);
  });
});
