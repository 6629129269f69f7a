import { spawn } from 'node:child_process';

import { errnoOf, errorShape, thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet, nodeAtLeast } from '../helpers/implementations';
import { endpointOf, portOf } from '../helpers/scope';
import { fill } from '../helpers/streams';

/** Leaves the file of a unix socket behind whose listener is gone. */
function abandonSocket(path: string): Promise<unknown> {
  const program =
    `require('net').createServer().listen(${JSON.stringify(path)}, ` +
    `() => process.kill(process.pid, 'SIGKILL'))`;
  return nextEvent(spawn(process.execPath, ['-e', program], { stdio: 'ignore' }), 'close');
}

describeNet('errors', ({ scope, newer }) => {
  test('listening on a port in use fails with EADDRINUSE, port and host', async () => {
    const taken = await scope.listen(scope.server());
    const port = portOf(taken);
    const server = scope.server();
    const log: string[] = [];
    traceEvents(log, server);
    server.listen(port, '127.0.0.1', () => log.push('callback'));
    const [error] = await nextEvent(server, 'error');
    expect(errorShape(error)).toEqual({
      name: 'Error',
      code: 'EADDRINUSE',
      errno: errnoOf('EADDRINUSE'),
      syscall: 'listen',
      address: '127.0.0.1',
      port,
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    });
    await nextTurn();
    expect(log).toEqual(['error EADDRINUSE']);
    expect(server.listening).toBe(false);
  });

  test('EADDRINUSE names the unspecified address if no host was given', async () => {
    const taken = await scope.listen(scope.server(), { port: 0 });
    const server = scope.server();
    server.listen(portOf(taken));
    const [error] = await nextEvent(server, 'error');
    expect(errorShape(error)).toMatchObject({
      code: 'EADDRINUSE',
      address: '::',
      port: portOf(taken),
      message: `listen EADDRINUSE: address already in use :::${portOf(taken)}`,
    });
  });

  test('listening on a path in use fails with EADDRINUSE', async () => {
    const path = scope.path();
    await scope.listen(scope.server(), { path });
    const server = scope.server();
    server.listen(path);
    const [error] = await nextEvent(server, 'error');
    expect(errorShape(error)).toEqual({
      name: 'Error',
      code: 'EADDRINUSE',
      errno: errnoOf('EADDRINUSE'),
      syscall: 'listen',
      address: path,
      port: -1,
      message: `listen EADDRINUSE: address already in use ${path}`,
    });
  });

  test('listening on the address of another machine fails with EADDRNOTAVAIL', async () => {
    const server = scope.server();
    server.listen(0, '192.0.2.1');
    const [error] = await nextEvent(server, 'error');
    expect(errorShape(error)).toMatchObject({
      code: 'EADDRNOTAVAIL',
      syscall: 'listen',
      address: '192.0.2.1',
      message: 'listen EADDRNOTAVAIL: address not available 192.0.2.1',
    });
  });

  test('listening on a path in a missing folder fails', async () => {
    const path = scope.path('missing/socket');
    const server = scope.server();
    server.listen(path);
    const [error] = await nextEvent(server, 'error');
    expect(errorShape(error)).toMatchObject({ code: 'EACCES', syscall: 'listen', address: path });
  });

  test('connecting to a closed port of an address fails with ECONNREFUSED', async () => {
    const server = await scope.listen(scope.server());
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const log: string[] = [];
    const client = scope.connect({ port, host: '127.0.0.1' }, () => log.push('callback'));
    traceEvents(log, client);
    const [error] = await nextEvent(client, 'error');
    await nextEvent(client, 'close');
    expect(errorShape(error)).toEqual({
      name: 'Error',
      code: 'ECONNREFUSED',
      errno: errnoOf('ECONNREFUSED'),
      syscall: 'connect',
      address: '127.0.0.1',
      port,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    expect(log).toEqual([
      'connectionAttempt',
      'connectionAttemptFailed',
      'error ECONNREFUSED',
      'close true',
    ]);
    expect(client.connecting).toBe(false);
  });

  test('connecting to a name whose addresses both refuse fails with one error for both', async () => {
    const server = await scope.listen(scope.server(), { port: 0 });
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const client = scope.connect({
      port,
      host: 'a.name',
      autoSelectFamily: true,
      lookup: (_host, _options, callback) => {
        setImmediate(() =>
          callback(null, [
            { address: '::1', family: 6 },
            { address: '127.0.0.1', family: 4 },
          ]),
        );
      },
    });
    const [error] = (await nextEvent(client, 'error')) as [AggregateError & { code: string }];
    expect(error.name).toBe('AggregateError');
    expect(error.code).toBe('ECONNREFUSED');
    expect(error.errors.map((each) => errorShape(each).message)).toEqual([
      `connect ECONNREFUSED ::1:${port}`,
      `connect ECONNREFUSED 127.0.0.1:${port}`,
    ]);
  });

  test.each([
    ['ENOENT', 'no socket there', -2],
    ['ENOTSOCK', 'a file', -88],
    ['ECONNREFUSED', 'a socket nobody listens on', -111],
  ])('connecting fails with %s for %s', async (code, what, errno) => {
    const path = scope.path();
    if (what === 'a file') require('node:fs').writeFileSync(path, '');
    if (what === 'a socket nobody listens on') await abandonSocket(path);
    const client = scope.connect({ path });
    const [error] = await nextEvent(client, 'error');
    // Linux answers with ECONNREFUSED for a file as well.
    const expected = what === 'a file' ? 'ECONNREFUSED' : code;
    expect(errorShape(error)).toEqual({
      name: 'Error',
      code: expected,
      errno: what === 'a file' ? -111 : errno,
      syscall: 'connect',
      address: path,
      message: `connect ${expected} ${path}`,
    });
  });

  newer(nodeAtLeast(24), 'check of the length of a path: it cuts the path short')(
    'a path that is too long fails with EINVAL',
    async () => {
      const path = `/tmp/${'x'.repeat(200)}`;
      const server = scope.server();
      server.listen(path);
      expect(errorShape((await nextEvent(server, 'error'))[0])).toEqual({
        name: 'Error',
        code: 'EINVAL',
        errno: errnoOf('EINVAL'),
        syscall: 'listen',
        address: path,
        port: -1,
        message: `listen EINVAL: invalid argument ${path}`,
      });
      const client = scope.connect({ path });
      expect(errorShape((await nextEvent(client, 'error'))[0])).toEqual({
        name: 'Error',
        code: 'EINVAL',
        errno: errnoOf('EINVAL'),
        syscall: 'connect',
        address: path,
        message: `connect EINVAL ${path} - Local (undefined:undefined)`,
      });
    },
  );

  test('writing to a peer that is gone fails with EPIPE or ECONNRESET', async () => {
    const { client, peer } = await scope.pair({ client: { allowHalfOpen: true } });
    peer.destroy();
    client.resume();
    await nextEvent(client, 'end');
    const codes = new Set(['EPIPE', 'ECONNRESET']);
    const failed = nextEvent(client, 'error');
    const write = (): void => {
      if (!client.destroyed) client.write('x', () => setImmediate(write));
    };
    write();
    const [error] = await failed;
    const shape = errorShape(error);
    expect(codes).toContain(shape.code);
    expect(['write', 'read']).toContain(shape.syscall);
    expect(shape.message).toBe(`${String(shape.syscall)} ${String(shape.code)}`);
  });

  test('a reset by the peer fails the waiting writes', async () => {
    const { client, peer } = await scope.pair();
    fill(client);
    const failed = new Promise<unknown>((resolve) => {
      client.write('x', (error) => resolve(error));
    });
    client.on('error', () => {});
    const closed = nextEvent(client, 'close');
    peer.resetAndDestroy();
    expect(['ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED']).toContain(
      errorShape(await failed).code,
    );
    expect(await closed).toEqual([true]);
  });

  test.each([
    ['null', null, 'ERR_STREAM_NULL_VALUES'],
    ['undefined', undefined, 'ERR_INVALID_ARG_TYPE'],
    ['a number', 5, 'ERR_INVALID_ARG_TYPE'],
    ['an object', {}, 'ERR_INVALID_ARG_TYPE'],
    ['an array', ['x'], 'ERR_INVALID_ARG_TYPE'],
    ['true', true, 'ERR_INVALID_ARG_TYPE'],
    ['a symbol', Symbol('x'), 'ERR_INVALID_ARG_TYPE'],
    ['a function', () => {}, 'ERR_INVALID_ARG_TYPE'],
  ])('write of %s is thrown, and the socket goes on', async (_, chunk, code) => {
    const { client, peer } = await scope.pair();
    const error = thrownBy(() => client.write(chunk as string));
    expect(error).toMatchObject({ name: 'TypeError', code });
    const control = new (require('node:net').Socket)();
    expect(error).toEqual(thrownBy(() => control.write(chunk)));
    const came = nextEvent(peer, 'data');
    client.write('still here');
    expect(String((await came)[0])).toBe('still here');
  });

  test('the callback of a second close() gets ERR_SERVER_NOT_RUNNING', async () => {
    const server = await scope.listen(scope.server());
    const results = await Promise.all([
      new Promise<Error | undefined>((resolve) => server.close(resolve)),
      new Promise<Error | undefined>((resolve) => server.close(resolve)),
    ]);
    expect(results[0]).toBeUndefined();
    expect(errorShape(results[1]).code).toBe('ERR_SERVER_NOT_RUNNING');
  });

  test('the socket of a failed connect can connect again', async () => {
    const server = await scope.listen(scope.server());
    const endpoint = endpointOf(server);
    await new Promise((resolve) => server.close(resolve));
    const client = scope.connect(endpoint);
    client.on('error', () => {});
    await nextEvent(client, 'close');
    const other = await scope.listen(scope.server());
    client.connect(endpointOf(other));
    await nextEvent(client, 'connect');
    expect(client.destroyed).toBe(false);
    expect(client.remotePort).toBe(portOf(other));
  });
});
