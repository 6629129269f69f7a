import type { Server, Socket } from 'node:net';

import { thrownBy } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf } from '../helpers/scope';

interface Callable<T> {
  (...args: unknown[]): T;
}

describeNet('classes and functions', ({ net, isUvnet, scope }) => {
  test('Socket and Server can be called without new', () => {
    const socket = (net.Socket as unknown as Callable<Socket>)({ allowHalfOpen: true });
    expect(socket).toBeInstanceOf(net.Socket);
    expect(socket.allowHalfOpen).toBe(true);
    const listener = (): void => {};
    const server = (net.Server as unknown as Callable<Server>)({ pauseOnConnect: true }, listener);
    expect(server).toBeInstanceOf(net.Server);
    expect(server.listeners('connection')).toEqual([listener]);
    socket.destroy();
  });

  test('classes have their names as properties and in stack traces', () => {
    for (const emitter of [new net.Socket(), new net.Server()]) {
      const { name } = emitter.constructor;
      let stack = '';
      emitter.once('named', () => (stack = new Error().stack!));
      emitter.emit('named');
      expect(stack).toMatch(new RegExp(`at ${name}\\.emit `));
    }
    expect([net.Socket.name, net.Server.name]).toEqual(['Socket', 'Server']);
  });

  test('subclasses work with class syntax and with prototypes', async () => {
    class Echo extends net.Server {
      greeted = 0;
      constructor() {
        super((peer) => {
          this.greeted++;
          peer.pipe(peer);
        });
      }
    }
    class Client extends net.Socket {
      label = 'field';
      override connect(...args: never[]): this {
        this.label += ' connected';
        return Reflect.apply(super.connect, this, args) as this;
      }
    }
    const server = new Echo();
    scope.trackServer(server);
    await scope.listen(server);
    const client = scope.track(new Client());
    client.connect(endpointOf(server) as never);
    client.write('x');
    expect(String((await nextEvent(client, 'data'))[0])).toBe('x');
    expect([server.greeted, client.label]).toEqual([1, 'field connected']);
    expect(client).toBeInstanceOf(net.Socket);

    function Old(this: Socket): void {
      Reflect.apply(net.Socket, this, [{ allowHalfOpen: true }]);
    }
    Object.setPrototypeOf(Old.prototype, net.Socket.prototype);
    const old = scope.track(new (Old as unknown as new () => Socket)());
    old.connect(endpointOf(server));
    old.write('y');
    expect(String((await nextEvent(old, 'data'))[0])).toBe('y');
    expect(old.allowHalfOpen).toBe(true);
  });

  test('close() ignores a callback that is not a function', async () => {
    const server = await scope.listen(scope.server());
    for (const what of [{}, new Date(), 'SIGTERM', 15]) {
      expect(server.close(what as never)).toBe(server);
      expect(server.listening).toBe(false);
    }
  });

  test('createServer() takes the same arguments and refuses the same types', () => {
    expect(net.createServer()).toBeInstanceOf(net.Server);
    for (const bad of [5, 'x', true]) {
      const error = thrownBy(() => Reflect.apply(net.createServer, net, [bad]));
      expect(error).toEqual(
        thrownBy(() => Reflect.apply(require('node:net').createServer, null, [bad])),
      );
      expect(error.code).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  test.each([
    ['keepAliveInitialDelay', 'x'],
    ['highWaterMark', 'x'],
  ])('createServer({ %s: %p }) throws as in the reference', (name, value) => {
    const make = (module: typeof net) => (): unknown => module.createServer({ [name]: value });
    expect(thrownBy(make(net))).toEqual(thrownBy(make(require('node:net') as typeof net)));
  });

  test('isIP(), isIPv4() and isIPv6() agree with the reference', () => {
    const cases = [
      '127.0.0.1',
      '256.0.0.1',
      '::1',
      '::ffff:1.2.3.4',
      'fe80::1%lo',
      '1',
      '',
      '::1%',
      '1.2.3.4.5',
      'x',
    ];
    const reference = require('node:net') as typeof net;
    for (const text of [...cases, 5, null, undefined, {}] as string[]) {
      expect([text, net.isIP(text)]).toEqual([text, reference.isIP(text)]);
      expect([text, net.isIPv4(text)]).toEqual([text, reference.isIPv4(text)]);
      expect([text, net.isIPv6(text)]).toEqual([text, reference.isIPv6(text)]);
    }
  });

  test('_normalizeArgs() takes an empty list', () => {
    const { _normalizeArgs: normalize } = net as never as { _normalizeArgs: (args?: []) => void };
    expect(thrownBy(() => normalize())).toMatchObject({ message: /reading 'length'/ });
  });

  test('_normalizeArgs() folds arguments as the reference does', () => {
    const normalize = (module: typeof net) =>
      (module as unknown as { _normalizeArgs: (args: unknown[]) => unknown[] })._normalizeArgs;
    const callback = (): void => {};
    for (const args of [
      [],
      [80],
      ['80'],
      [80, 'host'],
      [80, 'host', callback],
      ['/path'],
      [{ port: 1 }, callback],
      [null],
      [callback],
      [80, callback],
    ]) {
      expect([...normalize(net)(args)]).toEqual([
        ...normalize(require('node:net') as typeof net)(args),
      ]);
    }
  });

  test('arguments that connect() has folded are for sockets of the same module', async () => {
    const server = await scope.listen(scope.server());
    const node = require('node:net') as typeof net;
    // As a tool for tracing sees them.
    const seen = jest.spyOn(net.Socket.prototype, 'connect');
    const first = scope.connect(endpointOf(server));
    const [folded] = seen.mock.calls[0] as unknown as [never];
    seen.mockRestore();
    await nextEvent(first, 'connect');
    const second = scope.track(new net.Socket()).connect(folded);
    await nextEvent(second, 'connect');
    const other = scope.track(new node.Socket());
    if (isUvnet) {
      const error = thrownBy(() => other.connect(folded));
      expect(error).toMatchObject({ code: 'ERR_MISSING_ARGS' });
      const { _normalizeArgs: normalize } = net as never as { _normalizeArgs(a: unknown[]): never };
      other.connect(normalize([endpointOf(server)]));
    } else {
      other.connect(folded);
    }
    await nextEvent(other, 'connect');
  });

  test('the defaults of the family selection can be set and read', () => {
    const attempt = net.getDefaultAutoSelectFamilyAttemptTimeout();
    expect(typeof net.getDefaultAutoSelectFamily()).toBe('boolean');
    net.setDefaultAutoSelectFamily(false);
    expect(net.getDefaultAutoSelectFamily()).toBe(false);
    net.setDefaultAutoSelectFamily(true);
    net.setDefaultAutoSelectFamilyAttemptTimeout(5);
    // Less than ten milliseconds are ten.
    expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(10);
    net.setDefaultAutoSelectFamilyAttemptTimeout(attempt);
    expect(thrownBy(() => net.setDefaultAutoSelectFamilyAttemptTimeout(-1)).code).toBe(
      'ERR_OUT_OF_RANGE',
    );
    expect(thrownBy(() => net.setDefaultAutoSelectFamily('x' as never)).code).toBe(
      'ERR_INVALID_ARG_TYPE',
    );
  });
});
