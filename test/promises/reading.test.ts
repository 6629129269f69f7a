import {
  describePromises,
  eventually,
  readToEnd,
  rejection,
  type Stream,
} from '../helpers/promises';
import { nextEvent } from '../helpers/events';

interface Method {
  name: string;
  read: (stream: Stream, options?: { signal?: AbortSignal; timeout?: number }) => Promise<unknown>;
  /** What the peer sends for it, and what comes out. */
  bytes: string;
  result: string;
  /** What comes out if the peer ends without a byte, and after the first byte. */
  atOnce: string | null | { code: string };
  atEnd: string | { code: string };
}

const CUT = { code: 'ERR_UVNET_INCOMPLETE_READ' };
const methods: Method[] = [
  {
    name: 'read()',
    read: (stream, options) => stream.read(undefined, options),
    bytes: 'a',
    result: 'a',
    atOnce: null,
    atEnd: 'a',
  },
  {
    name: 'read(max)',
    read: (stream, options) => stream.read(2, options),
    bytes: 'a',
    result: 'a',
    atOnce: null,
    atEnd: 'a',
  },
  {
    name: 'readExactly()',
    read: (stream, options) => stream.readExactly(4, options),
    bytes: 'abcd',
    result: 'abcd',
    atOnce: CUT,
    atEnd: CUT,
  },
  {
    name: 'readUntil()',
    read: (stream, options) => stream.readUntil('\r\n', options),
    bytes: 'ab\r\n',
    result: 'ab',
    atOnce: CUT,
    atEnd: CUT,
  },
  {
    name: 'readLine()',
    read: (stream, options) => stream.readLine(options),
    bytes: 'abc\r\n',
    result: 'abc',
    atOnce: null,
    atEnd: 'a',
  },
  {
    name: 'peek()',
    read: (stream, options) => stream.peek(3, options),
    bytes: 'abc',
    result: 'abc',
    atOnce: '',
    atEnd: 'a',
  },
];

const textOf = (value: unknown): string | null => (value === null ? null : String(value));

describePromises('reads', ({ scope, isNative }) => {
  describe.each(methods)('$name', ({ read, bytes, result, atOnce, atEnd }) => {
    /** What is left after it. */
    const rest = async (stream: Stream): Promise<string> => {
      const all = String(await readToEnd(stream));
      return all.startsWith(result) && bytes === result && all !== ''
        ? all.slice(result.length)
        : all;
    };

    test.each(['tcp', 'unix'] as const)('takes what has come before (%s)', async (transport) => {
      const { stream, peer } = await scope.pair({}, transport);
      peer.write(bytes);
      await eventually(() => stream.readableLength === bytes.length);
      expect(textOf(await read(stream))).toBe(result);
    });

    test.each(['tcp', 'unix'] as const)('waits for what comes later (%s)', async (transport) => {
      const { stream, peer } = await scope.pair({}, transport);
      const reading = read(stream);
      peer.write(bytes);
      expect(textOf(await reading)).toBe(result);
    });

    test('takes what comes byte by byte', async () => {
      const { stream, peer } = await scope.pair({ noDelay: true });
      const reading = read(stream);
      peer.setNoDelay();
      for (const [index, byte] of [...bytes].entries()) {
        peer.write(byte);
        await eventually(() => stream.bytesRead === index + 1);
      }
      expect(textOf(await reading)).toBe(result);
    });

    test.each([
      ['before', true],
      ['while it waits', false],
    ])('sees an end that comes %s', async (_, before) => {
      const { stream, peer } = await scope.pair();
      const first = before ? undefined : read(stream);
      peer.end();
      if (before) await stream.peek(1);
      const reading = first ?? read(stream);
      if (typeof atOnce === 'object' && atOnce !== null) {
        expect(await rejection(reading)).toMatchObject({ ...atOnce, partial: Buffer.alloc(0) });
      } else expect(textOf(await reading)).toBe(atOnce);
    });

    test('sees an end behind a part of what it wants', async () => {
      const { stream, peer } = await scope.pair();
      peer.end('a');
      const reading = read(stream);
      if (typeof atEnd === 'object') {
        expect(await rejection(reading)).toMatchObject({ ...atEnd, partial: Buffer.from('a') });
        expect(await stream.read()).toBe(null);
      } else expect(textOf(await reading)).toBe(atEnd);
    });

    test('is rejected by a reset, again and again', async () => {
      const { stream, peer } = await scope.pair();
      const reading = read(stream);
      peer.resetAndDestroy();
      expect(await rejection(reading)).toMatchObject({ code: 'ECONNRESET' });
      expect(await rejection(read(stream))).toMatchObject({ code: 'ECONNRESET' });
      expect(await rejection(stream.closed)).toMatchObject({ code: 'ECONNRESET' });
    });

    test('is rejected when the stream is destroyed, and afterwards', async () => {
      const { stream } = await scope.pair();
      const reading = read(stream);
      stream.destroy();
      expect(await rejection(reading)).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
      expect(await rejection(read(stream))).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
      const other = (await scope.pair()).stream;
      const error = new Error('mine');
      const failing = read(other);
      other.destroy(error);
      expect(await rejection(failing)).toBe(error);
    });

    test('loses no byte when it is aborted', async () => {
      const { stream, peer } = await scope.pair();
      const controller = new AbortController();
      const part = bytes.slice(0, -1);
      if (part !== '') {
        peer.write(part);
        await eventually(() => stream.readableLength === part.length);
      }
      const reading = read(stream, { signal: controller.signal });
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await rejection(reading)).toMatchObject({ code: 'ABORT_ERR', cause: reason });
      peer.write(bytes.slice(part.length));
      expect(textOf(await read(stream))).toBe(result);
    });

    test('does not begin if its signal is aborted', async () => {
      const { stream, peer } = await scope.pair();
      peer.write(bytes);
      await eventually(() => stream.readableLength === bytes.length);
      const reading = read(stream, { signal: AbortSignal.abort() });
      expect(await rejection(reading)).toMatchObject({ code: 'ABORT_ERR' });
      expect(stream.readableLength).toBe(bytes.length);
    });

    test('loses no byte when its time is up', async () => {
      const { stream, peer } = await scope.pair();
      const part = bytes.slice(0, -1);
      if (part !== '') peer.write(part);
      const reading = read(stream, { timeout: 20 });
      expect(await rejection(reading)).toMatchObject({ code: 'ETIMEDOUT' });
      peer.write(bytes.slice(part.length));
      expect(textOf(await read(stream, { timeout: 60_000 }))).toBe(result);
    });

    test('refuses a second read while one is pending, which goes on', async () => {
      const { stream, peer } = await scope.pair();
      const first = read(stream);
      for (const { read: other } of methods) {
        expect(await rejection(other(stream))).toMatchObject({ code: 'ERR_INVALID_STATE' });
      }
      expect(() => stream.unread(Buffer.from('x'))).toThrow('a read is pending');
      expect(() => stream.messages({ type: 'fixed', size: 1 })).toThrow('a read is pending');
      expect(() => stream.toSocket()).toThrow('a read is pending');
      peer.write(bytes);
      expect(textOf(await first)).toBe(result);
    });

    test('leaves what it does not want', async () => {
      const { stream, peer } = await scope.pair();
      peer.end(`${bytes}\nrest`);
      await eventually(() => stream.readableLength === bytes.length + 5);
      const taken = textOf(await read(stream));
      expect(`${bytes}\nrest`.startsWith(taken!)).toBe(true);
      expect((await rest(stream)).endsWith(taken === `${bytes}\nrest` ? '' : 'rest')).toBe(true);
    });

    test.each([[5], [null], ['signal'], [{ signal: 5 }], [{ timeout: '5' }], [{ timeout: -1 }]])(
      'refuses %p for options, and reads on',
      async (options) => {
        const { stream, peer } = await scope.pair();
        const { code } = await rejection(read(stream, options as never));
        expect(code).toMatch(/^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
        peer.write(bytes);
        expect(textOf(await read(stream))).toBe(result);
      },
    );
  });

  test('refuse arguments of wrong types and values', async () => {
    const { stream } = await scope.pair();
    const codes = await Promise.all(
      [
        stream.read('5' as never),
        stream.readExactly(undefined as never),
        stream.peek('1' as never),
        stream.readUntil(5 as never),
        stream.readLine({ encoding: 5 as never }),
        stream.readUntil('\n', { includeDelimiter: 1 as never }),
      ].map(async (one) => (await rejection(one)).code),
    );
    expect(new Set(codes)).toEqual(new Set(['ERR_INVALID_ARG_TYPE']));
    const ranges = await Promise.all(
      [
        stream.read(0),
        stream.read(1.5),
        stream.readExactly(-1),
        stream.peek(NaN),
        stream.readUntil(''),
        stream.readUntil(new Uint8Array(0)),
        stream.readLine({ max: -1 }),
      ].map(async (one) => (await rejection(one)).code),
    );
    expect(new Set(ranges)).toEqual(new Set(['ERR_OUT_OF_RANGE']));
    expect(() => stream.unread('text' as never)).toThrow('must be an instance of Uint8Array');
    expect(() => stream.lines({ encoding: 'nope' as never })).toThrow("'options.encoding'");
  });

  test('of no byte are fulfilled at once', async () => {
    const { stream } = await scope.pair();
    expect(await stream.readExactly(0)).toHaveLength(0);
    expect(await stream.peek(0)).toHaveLength(0);
  });

  test('leave a message that is too long to the next read', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('abcdef');
    const reading = stream.readUntil('|', { max: 5 });
    expect(await rejection(reading)).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    peer.write('|\n');
    expect(String(await stream.readUntil('|', { max: 6 }))).toBe('abcdef');
    expect(await stream.readLine({ max: 0 })).toBe('');
    peer.write('12345\r\n');
    expect(await rejection(stream.readLine({ max: 4 }))).toMatchObject({
      code: 'ERR_UVNET_MESSAGE_TOO_LONG',
    });
    expect(await stream.readLine({ max: 5 })).toBe('12345');
  });

  test('give bytes that are the caller’s to keep', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('one');
    const first = (await stream.read())!;
    peer.write('two');
    const second = (await stream.read())!;
    expect([String(first), String(second)]).toEqual(['one', 'two']);
    const ahead = await (peer.write('abc'), stream.peek(3));
    ahead.fill('x');
    expect(String(await stream.readExactly(3))).toBe('abc');
  });

  test('get back what was not wanted', async () => {
    const { stream, peer } = await scope.pair();
    peer.end('cd');
    await eventually(() => stream.readableLength === 2);
    stream.unread(Buffer.from('ab'));
    stream.unread(Buffer.alloc(0));
    expect(stream.readableLength).toBe(4);
    expect(String(await stream.readExactly(3))).toBe('abc');
    stream.unread(new Uint8Array([0x7a]));
    expect(String(await readToEnd(stream))).toBe('zd');
  });

  test('take what is larger than the high-water mark', async () => {
    const { stream, peer } = await scope.pair({ highWaterMark: 1000 });
    const bytes = Buffer.alloc(1_000_000, 'abcdefghij');
    peer.end(bytes);
    expect((await stream.peek(500_000)).equals(bytes.subarray(0, 500_000))).toBe(true);
    expect((await stream.readExactly(999_999)).equals(bytes.subarray(0, 999_999))).toBe(true);
    expect(await stream.readLine()).toBe('j');
    expect(await stream.readLine()).toBe(null);
  });

  test('stop the peer while nobody asks', async () => {
    const { stream, peer } = await scope.pair({ highWaterMark: 1000 });
    const total = 32 * 1024 * 1024;
    peer.end(Buffer.alloc(total, 'a'));
    await eventually(() => stream.readableLength >= 1000);
    // One that has a connection to itself shows that time goes by.
    const other = await scope.pair();
    for (let i = 0; i < 20; i += 1) {
      other.peer.write('x');
      await other.stream.read();
    }
    expect(stream.readableLength).toBeLessThan(1024 * 1024);
    expect(await readToEnd(stream)).toHaveLength(total);
  });

  test('give what has come before a reset', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('abc');
    await eventually(() => stream.readableLength === 3);
    peer.resetAndDestroy();
    await rejection(stream.closed);
    expect(String(await stream.read())).toBe('abc');
    expect(await rejection(stream.read())).toMatchObject({ code: 'ECONNRESET' });
  });

  test('go on while our side is ended', async () => {
    const { stream, peer } = await scope.pair();
    peer.on('end', () => peer.end('answer')).resume();
    await stream.end();
    expect(String(await readToEnd(stream))).toBe('answer');
    await stream.closed;
    expect(stream.isOpen).toBe(false);
  });

  if (isNative) {
    test('leave nothing behind of signals that many reads share', async () => {
      const { stream, peer } = await scope.pair();
      const { signal } = new AbortController();
      const listeners = jest.spyOn(signal, 'removeEventListener');
      const added = jest.spyOn(signal, 'addEventListener');
      for (let i = 0; i < 10; i += 1) {
        peer.write('x');
        await stream.read(undefined, { signal });
      }
      expect(listeners.mock.calls.length).toBe(added.mock.calls.length);
    });
  }

  test('know their connection', async () => {
    const { stream, peer } = await scope.pair();
    expect(stream.remote).toMatchObject({ address: '127.0.0.1', port: peer.localPort });
    expect(stream.local).toMatchObject({ address: '127.0.0.1', port: peer.remotePort });
    peer.write('abc');
    await stream.peek(3);
    expect([stream.bytesRead, stream.readableLength, stream.proxyInfo]).toEqual([3, 3, undefined]);
    await stream.write('hello');
    await nextEvent(peer, 'data');
    expect([stream.bytesWritten, stream.writableLength]).toEqual([5, 0]);
    expect(stream.ref().unref().ref()).toBe(stream);
    stream.destroy();
    await stream.closed;
    stream.ref().unref();
    expect(stream.bytesRead).toBe(3);
  });

  if (isNative) {
    test('set and know the options of their connection', async () => {
      const { stream } = await scope.pair();
      expect(stream.setOption('noDelay', true).getOption('noDelay')).toBe(true);
      expect(() => stream.setOption('nope' as never, 1 as never)).toThrow('nope');
      stream.destroy();
      await stream.closed;
      expect(stream.getOption('noDelay')).toBeUndefined();
      expect(() => stream.setOption('noDelay', true)).toThrow('Socket is closed');
    });

    test('have the statistics of their connection', async () => {
      const { stream } = await scope.pair();
      expect(stream.info()).toBeDefined();
      stream.destroy();
      await stream.closed;
      expect(stream.info()).toBeUndefined();
    });
  } else {
    test('have no options and no statistics of their connection', async () => {
      const { stream } = await scope.pair();
      for (const call of [
        () => stream.setOption('noDelay', true),
        () => stream.getOption('noDelay'),
        () => stream.info(),
      ]) {
        expect(call).toThrow(
          expect.objectContaining({ code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }),
        );
      }
    });
  }
});
