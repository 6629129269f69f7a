import { errorShape, rejectionOf } from '../helpers/errors';
import { nextEvent } from '../helpers/events';
import { lean, openLine } from '../helpers/relaying';
import { readAll } from '../helpers/streams';
import { describeUvnet } from '../helpers/uvnet';

const { relay } = lean;

describeUvnet('a relay that ends or is refused', ({ net, scope }) => {
  describe('that ends for another reason', () => {
    test('delivers an answer that comes before the request is complete', async () => {
      const { left, a, b, right } = await openLine(scope);
      left.on('error', () => {});
      const result = relay(a, b);
      const got = readAll(left);
      left.write('x'.repeat(100));
      await nextEvent(right, 'readable');
      // Closed with unread bytes, so that the kernel refuses further bytes.
      right.write('no, thanks');
      right.destroy();
      await nextEvent(right, 'close');
      const goOn = (): void => {
        if (!left.destroyed && !a.destroyed) left.write('y', () => setImmediate(goOn));
      };
      goOn();
      const error = (await result.catch((reason: object) => reason)) as { side: string };
      expect(error.side).toBe('b');
      left.destroy();
      expect((await got).toString()).toBe('no, thanks');
    });

    test('resolves if a socket is destroyed', async () => {
      const { left, right, a, b } = await openLine(scope);
      for (const socket of [left, right]) socket.on('error', () => {}).resume();
      const result = relay(a, b);
      left.write('123');
      await nextEvent(right, 'data');
      b.destroy();
      expect(await result).toEqual({ bytesAtoB: 3, bytesBtoA: 0, reason: 'destroyed' });
      expect(a.destroyed).toBe(true);
    });

    test('rejects if a socket is destroyed with an error', async () => {
      const { a, b } = await openLine(scope);
      const reason = new Error('enough');
      const result = relay(a, b).catch((error: unknown) => error);
      a.destroy(reason);
      expect(await result).toBe(reason);
      expect(reason).toMatchObject({ side: 'a', bytesAtoB: 0, bytesBtoA: 0 });
    });

    test('rejects if its signal is aborted, before it starts or later', async () => {
      for (const early of [true, false]) {
        const { a, b } = await openLine(scope);
        const controller = new AbortController();
        const reason = new Error('over');
        if (early) controller.abort(reason);
        const result = relay(a, b, { signal: controller.signal }).catch((error: Error) => error);
        controller.abort(reason);
        const error = (await result) as Error;
        expect(errorShape(error)).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
        expect(error.cause).toBe(reason);
        expect(a.destroyed && b.destroyed).toBe(true);
      }
    });

    test('resolves if no byte moves for too long', async () => {
      const { left, right, a, b } = await openLine(scope);
      let received = 0;
      right.on('data', (bytes: Buffer) => (received += bytes.length)).on('end', () => right.end());
      left.resume();
      // What was on its way is lost with its connection.
      for (const socket of [left, right]) socket.on('error', () => {});
      const start = performance.now();
      const result = relay(a, b, { idleTimeout: 100 });
      const isOver = result.then(() => true);
      let last = start;
      while (last - start < 250) {
        // Before the events, because the loop's clock does not advance while they are handled.
        const now = performance.now();
        left.write('x');
        // On a machine that pauses for that long, it is over earlier.
        if (await Promise.race([isOver, nextEvent(right, 'data').then(() => false)])) break;
        last = now;
      }
      const { bytesAtoB, ...others } = await result;
      expect(others).toEqual({ bytesBtoA: 0, reason: 'idle' });
      expect(performance.now() - last).toBeGreaterThan(95);
      expect(a.destroyed && b.destroyed).toBe(true);
      if (!right.destroyed) await nextEvent(right, 'close');
      expect(received).toBe(bytesAtoB);
    });
  });

  test('reports its progress while bytes move', async () => {
    const open = async () => {
      const { left, a, b, right } = await openLine(scope);
      const reports: object[] = [];
      let wake = (): void => {};
      const result = relay(a, b, {
        progressInterval: 1,
        onProgress: (progress) => {
          reports.push(progress);
          wake();
        },
      });
      const reported = (count: number) =>
        new Promise<void>((resolve) => {
          wake = () => reports.length >= count && resolve();
          wake();
        });
      right.resume();
      return { left, right, a, result, reports, reported };
    };
    const line = await open();
    line.left.write('12');
    await line.reported(1);
    line.right.write('345');
    await line.reported(2);
    // The timers of the first relay go on while the second one reports.
    const other = await open();
    for (let count = 1; count <= 10; count++) {
      other.left.write('x');
      await other.reported(count);
    }
    expect(line.reports).toEqual([
      { bytesAtoB: 2, bytesBtoA: 0 },
      { bytesAtoB: 2, bytesBtoA: 3 },
    ]);
    line.a.destroy();
    other.a.destroy();
    await Promise.all([line.result, other.result]);
  });

  describe('refused', () => {
    test('other objects and wrong options are refused', async () => {
      const { a, b } = await openLine(scope);
      const cases: [unknown[], string][] = [
        [[{}, b], 'ERR_INVALID_ARG_TYPE'],
        [[a, null], 'ERR_INVALID_ARG_TYPE'],
        [[a, b, 7], 'ERR_INVALID_ARG_TYPE'],
        [[a, a], 'ERR_INVALID_ARG_VALUE'],
        [[a, b, { idleTimeout: 0 }], 'ERR_OUT_OF_RANGE'],
        [[a, b, { idleTimeout: '1' }], 'ERR_INVALID_ARG_TYPE'],
        [[a, b, { signal: {} }], 'ERR_INVALID_ARG_TYPE'],
        [[a, b, { onProgress: {} }], 'ERR_INVALID_ARG_TYPE'],
        [[a, b, { onProgress: () => {}, progressInterval: 0.5 }], 'ERR_OUT_OF_RANGE'],
        [[new net.Socket(), b], 'ERR_INVALID_STATE'],
      ];
      for (const [args, code] of cases) {
        expect(await rejectionOf(Reflect.apply(relay, undefined, args))).toMatchObject({ code });
      }
      expect(a.destroyed || b.destroyed).toBe(false);
    });

    test('sockets in the wrong state are refused and left as they were', async () => {
      const spoil: [string, (socket: import('../../lib/index').Socket) => void][] = [
        ['ERR_SOCKET_CLOSED', (socket) => socket.destroy()],
        ['ERR_INVALID_STATE', (socket) => socket.end()],
        ['ERR_INVALID_STATE', (socket) => socket.setEncoding('utf8')],
        ['ERR_INVALID_STATE', (socket) => void socket.peek(1).catch(() => {})],
      ];
      for (const [code, act] of spoil) {
        const { left, a, b } = await openLine(scope);
        act(b);
        const error = await rejectionOf(relay(a, b));
        expect(error).toMatchObject({ code });
        left.write('still mine');
        expect(((await nextEvent(a, 'data')) as [Buffer])[0].toString()).toBe('still mine');
      }
    });

    test('a socket that receives descriptors is refused', async () => {
      const { a } = await openLine(scope);
      const { b } = await openLine(scope, { right: 'unix', sockets: { receiveDescriptors: true } });
      expect(await rejectionOf(relay(a, b))).toMatchObject({ code: 'ERR_INVALID_STATE' });
    });

    test('a second relay is refused, and so is every other transfer', async () => {
      const { a, b } = await openLine(scope);
      const other = await openLine(scope);
      const result = relay(a, b);
      expect(await rejectionOf(relay(other.a, b))).toMatchObject({ code: 'ERR_INVALID_STATE' });
      expect(await rejectionOf(a.peek(1))).toMatchObject({ code: 'ERR_INVALID_STATE' });
      expect(() => a.toNode()).toThrow('relayed');
      expect(() => b.detach()).toThrow('relayed');
      a.destroy();
      await result;
    });
  });
});
