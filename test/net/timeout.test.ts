import { thrownBy } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf } from '../helpers/scope';

describeNet('setTimeout', ({ net, scope }) => {
  test('emits timeout once after the time without a byte, and leaves the socket open', async () => {
    const { client } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, client);
    const started = process.hrtime.bigint();
    expect(client.setTimeout(50, () => log.push('callback'))).toBe(client);
    expect(client.timeout).toBe(50);
    await nextEvent(client, 'timeout');
    const elapsed = Number(process.hrtime.bigint() - started) / 1e6;
    // The timer's clock is the loop's, which may lag behind by a millisecond.
    expect(elapsed).toBeGreaterThanOrEqual(48);
    expect(log).toEqual(['timeout', 'callback']);
    expect(client.destroyed).toBe(false);
  });

  test('emits timeout again only if bytes moved in between', async () => {
    const { client, peer } = await scope.pair();
    peer.resume();
    client.setTimeout(20);
    await nextEvent(client, 'timeout');
    client.write('x');
    await nextEvent(client, 'timeout');
    expect(client.destroyed).toBe(false);
  });

  test.each(['reading', 'writing'] as const)('does not fire while %s', async (how) => {
    const { client, peer } = await scope.pair();
    client.resume();
    peer.resume();
    let fired = 0;
    client.setTimeout(200, () => fired++);
    const from = how === 'reading' ? peer : client;
    const started = Date.now();
    while (Date.now() - started < 450) {
      await new Promise<void>((resolve) => {
        from.write('x', () => resolve());
      });
    }
    expect(fired).toBe(0);
    await nextEvent(client, 'timeout');
    expect(fired).toBe(1);
  });

  test.each(['setTimeout', 'write', '_unrefTimer'] as const)(
    '%s late in a long turn counts from that moment',
    async (how) => {
      const { client, peer } = await scope.pair();
      peer.resume();
      const log: string[] = [];
      client.setTimeout(400, () => log.push('socket'));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      if (how === 'setTimeout') client.setTimeout(400);
      else if (how === 'write') client.write('x', () => undefined);
      else (client as unknown as { _unrefTimer(): void })._unrefTimer();
      setTimeout(() => log.push('timer'), 250);
      await nextEvent(client, 'timeout');
      expect(log).toEqual(['timer', 'socket']);
    },
  );

  test('zero turns it off and removes the callback', async () => {
    const { client } = await scope.pair();
    const callback = jest.fn();
    client.setTimeout(20, callback);
    client.setTimeout(0, callback);
    expect(client.timeout).toBe(0);
    expect(client.listenerCount('timeout')).toBe(0);
    const other = await scope.pair();
    other.client.setTimeout(60);
    await nextEvent(other.client, 'timeout');
    expect(callback).not.toHaveBeenCalled();
  });

  test('works on the accepted side, in the connection listener', async () => {
    const server = scope.server((peer) => {
      peer.setTimeout(20, () => peer.end('too slow'));
    });
    await scope.listen(server);
    const { client } = await scope.join(server);
    client.setEncoding('utf8');
    const [text] = await nextEvent(client, 'data');
    expect(text).toBe('too slow');
  });

  test('is remembered before the connect', async () => {
    const server = await scope.listen(scope.server());
    const client = scope.track(new net.Socket());
    client.setTimeout(30);
    expect(client.timeout).toBe(30);
    client.connect(endpointOf(server));
    await nextEvent(client, 'timeout');
    expect(client.connecting).toBe(false);
  });

  test('a destroyed socket emits no timeout', async () => {
    const { client } = await scope.pair();
    const other = await scope.pair();
    const callback = jest.fn();
    client.setTimeout(10, callback);
    client.destroy();
    other.client.setTimeout(40);
    await nextEvent(other.client, 'timeout');
    expect(callback).not.toHaveBeenCalled();
  });

  test('may be changed in its own callback', async () => {
    const { client } = await scope.pair();
    const started = Date.now();
    client.setTimeout(15, () => client.setTimeout(30));
    await nextEvent(client, 'timeout');
    await nextEvent(client, 'timeout');
    expect(Date.now() - started).toBeGreaterThanOrEqual(40);
    expect(client.timeout).toBe(30);
  });

  test('its callback may destroy the socket', async () => {
    const { client } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, client);
    client.setTimeout(15, () => client.destroy());
    await nextEvent(client, 'close');
    expect(log).toEqual(['timeout', 'close false']);
  });

  test.each([
    ['a text', 'soon', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['an object', {}, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['a negative number', -1, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['NaN', NaN, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['Infinity', Infinity, 'RangeError', 'ERR_OUT_OF_RANGE'],
  ])('throws for %s', (_, value, name, code) => {
    const socket = new net.Socket();
    const error = thrownBy(() => socket.setTimeout(value as number));
    expect(error).toMatchObject({ name, code });
    const control = new (require('node:net').Socket)();
    expect(error).toEqual(thrownBy(() => control.setTimeout(value)));
  });

  test('throws for a callback that is not a function', () => {
    const socket = new net.Socket();
    const error = thrownBy(() => socket.setTimeout(1, 'callback' as unknown as () => void));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    socket.destroy();
  });

  test('the pending timeout of a destroyed pair leaves no timer', async () => {
    const { client, peer } = await scope.pair();
    client.setTimeout(1_000_000);
    peer.setTimeout(1_000_000);
    peer.resume();
    const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
    client.destroy();
    await closed;
    await nextTurn();
    expect([client.destroyed, peer.destroyed]).toEqual([true, true]);
  });
});
