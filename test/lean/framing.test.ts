// Messages: the option `framing`, with bytes that come in arbitrary pieces.
import { deferred, nextEvent } from '../helpers/events';
import {
  lean,
  LeanScope,
  net,
  receiveAll,
  type Connection,
  type ListenOptions,
} from '../helpers/lean';
import { Random } from '../helpers/random';

type Socket = ReturnType<Connection['toSocket']>;
type Framing = NonNullable<ListenOptions['framing']>;

function header(size: number, bytes: number, little: boolean): Buffer {
  const buffer = Buffer.alloc(bytes);
  let rest = BigInt(size);
  for (let i = 0; i < bytes; i += 1) {
    buffer[little ? i : bytes - 1 - i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return buffer;
}

function encode(framing: Framing, message: Buffer): Buffer {
  if (framing.type === 'fixed') return message;
  if (framing.type === 'delimiter') {
    return Buffer.concat([message, Buffer.from(framing.delimiter ?? '\n')]);
  }
  const { bytes = 4, endian = 'big', includesHeader = false } = framing;
  const size = message.length + (includesHeader ? bytes : 0);
  return Buffer.concat([header(size, bytes, endian === 'little'), message]);
}

describe('framing', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  const kinds: [string, Framing][] = [
    ['a length', { type: 'length', max: 400_000 }],
    ['a little length', { type: 'length', bytes: 3, endian: 'little', includesHeader: true }],
    ['lines', { type: 'delimiter', max: 400_000 }],
    ['a delimiter', { type: 'delimiter', delimiter: '\r\n', max: 400_000 }],
    ['a size', { type: 'fixed', size: 37 }],
  ];
  test.each(kinds)('messages with %s arrive whole, however they are split', async (_, framing) => {
    const random = new Random(11);
    const sent: Buffer[] = [];
    for (let i = 0; i < 400; i += 1) {
      const size =
        framing.type === 'fixed' ? framing.size : random.size(i % 50 === 0 ? 300_000 : 300);
      // Without bytes of a delimiter in it.
      sent.push(Buffer.from(random.bytes(size).map((byte) => byte | 0x10)));
    }
    const bytes = Buffer.concat(sent.map((message) => encode(framing, message)));
    const received: Buffer[] = [];
    const done = deferred();
    const server = await scope.listen(
      { data: (_c, message) => received.push(message), close: () => done.resolve() },
      { framing },
    );
    const client = await scope.client(server, { noDelay: true });
    for (let at = 0; at < bytes.length;) {
      const end = at + random.size(20_000);
      if (!client.write(bytes.subarray(at, end))) await nextEvent(client, 'drain');
      at = end;
    }
    client.resume().end();
    await done.promise;
    expect(received.length).toBe(sent.length);
    expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
    expect(received.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
  });

  test('one read may contain more messages than one delivery takes', async () => {
    let count = 0;
    const done = deferred();
    const server = await scope.listen(
      {
        data() {
          count += 1;
          if (count === 50_000) done.resolve();
        },
      },
      { framing: { type: 'fixed', size: 1 } },
    );
    const client = await scope.client(server);
    client.write(Buffer.alloc(50_000));
    await done.promise;
  });

  test.each<[string, Framing, string, string]>([
    ['too long', { type: 'delimiter', max: 4 }, 'ok\nlonger', 'ERR_UVNET_MESSAGE_TOO_LONG'],
    [
      'shorter than its header',
      { type: 'length', bytes: 1, includesHeader: true },
      '\x03ok\0',
      'ERR_UVNET_MESSAGE_LENGTH',
    ],
    ['cut off', { type: 'delimiter' }, 'ok\nhal', 'ERR_UVNET_MESSAGE_CUT_OFF'],
  ])('a message that is %s closes the connection', async (_, framing, bytes, code) => {
    const messages: string[] = [];
    const outcome = deferred<unknown>();
    const server = await scope.listen(
      {
        data: (_c, message) => messages.push(message.toString()),
        close: (_c, error) => outcome.resolve(error),
      },
      { framing },
    );
    const client = await scope.client(server);
    client.on('error', () => {}).end(bytes, 'latin1');
    expect(await outcome.promise).toMatchObject({ code });
    expect(messages).toEqual(['ok']);
  });

  test('a handler may close the connection between two messages', async () => {
    const messages: string[] = [];
    const done = deferred();
    const server = await scope.listen(
      {
        data(connection, message) {
          messages.push(message.toString());
          if (messages.length === 2) connection.destroy();
        },
        close: () => done.resolve(),
      },
      { framing: { type: 'delimiter' } },
    );
    const client = await scope.client(server);
    client.on('error', () => {}).write('1\n2\n3\n4\n');
    await done.promise;
    expect(messages).toEqual(['1', '2']);
  });

  test('bytes that a socket has read are split into messages as well', async () => {
    const messages: string[] = [];
    const done = deferred();
    const server = await scope.netServer((peer) => peer.end('one\ntwo\nthr'));
    const { port } = server.address() as { port: number };
    const socket = scope.track(net.connect(port, '127.0.0.1'));
    await nextEvent(socket, 'readable');
    expect(socket.read(1)).toEqual(Buffer.from('o'));
    socket.toLean(
      {
        data: (_c, message) => messages.push(message.toString()),
        close: () => done.resolve(),
      },
      { framing: { type: 'delimiter' } },
    );
    await done.promise;
    expect(messages).toEqual(['ne', 'two']);
  });

  test('an invalid message also waits while the connection is paused', async () => {
    const messages: string[] = [];
    const opened = deferred<Connection>();
    const outcome = deferred<unknown>();
    const server = await scope.listen(
      {
        open: (connection) => opened.resolve(connection),
        data(connection, message) {
          messages.push(message.toString());
          connection.pause();
          setImmediate(() => connection.resume());
        },
        close: (_c, error) => outcome.resolve(error),
      },
      { framing: { type: 'delimiter', max: 4 } },
    );
    const client = await scope.client(server);
    client.on('error', () => {}).write('one\ntwo\nthree\nfour\n');
    expect(await outcome.promise).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    expect(messages).toEqual(['one', 'two']);
  });

  describe('toSocket()', () => {
    test.each(kinds)('passes on the bytes after the last message (%s)', async (_, framing) => {
      const random = new Random(21);
      for (const [count, large, last] of [
        [40, 300, 1],
        [4000, 30, 1500], // more than a delivery takes
        [8, 300_000, 2],
        [12, 300_000, 9],
      ] as const) {
        const sent: Buffer[] = [];
        for (let i = 0; i < count; i += 1) {
          const size = framing.type === 'fixed' ? framing.size : random.size(large);
          sent.push(Buffer.from(random.bytes(size).map((byte) => byte | 0x10)));
        }
        const wire = sent.map((message) => encode(framing, message));
        // The end of the last one is missing.
        const bytes = Buffer.concat(wire).subarray(0, -1);
        const received: Buffer[] = [];
        const upgraded = deferred<Socket>();
        const server = await scope.listen(
          {
            data(connection, message) {
              received.push(message);
              if (received.length < last) return;
              upgraded.resolve(scope.track(connection.toSocket()));
            },
          },
          { framing },
        );
        const client = await scope.client(server);
        client.resume().end(bytes);
        const peer = await upgraded.promise;
        const rest = await receiveAll(peer);
        peer.end();
        expect(received.map(({ length }) => length)).toEqual(
          sent.slice(0, last).map(({ length }) => length),
        );
        const before = Buffer.concat(wire.slice(0, last)).length;
        expect(rest.equals(bytes.subarray(before))).toBe(true);
      }
    });

    test.each([false, true])('passes on held messages (reading them: %s)', async (some) => {
      const opened = deferred<Connection>();
      const messages: string[] = [];
      const held = deferred();
      const server = await scope.listen(
        {
          open: (connection) => opened.resolve(connection),
          data(connection, message) {
            messages.push(message.toString());
            connection.pause();
            setImmediate(() => held.resolve());
          },
        },
        { framing: { type: 'length', bytes: 2, endian: 'little', includesHeader: true } },
      );
      const client = await scope.client(server);
      client.resume().write('\x05\0one\x05\0two\x07\0three\x09\0fo', 'latin1');
      await held.promise;
      const connection = await opened.promise;
      if (some) {
        connection.resume();
        while (messages.length < 2) await new Promise((resolve) => setImmediate(resolve));
      }
      const peer = scope.track(connection.toSocket(Buffer.from('unread ')));
      client.end('ur');
      const rest = `\x07\0three\x09\0four`.slice(0, -1);
      expect((await receiveAll(peer)).toString('latin1')).toBe(
        `unread ${some ? '' : '\x05\0two'}${rest}r`,
      );
      peer.end();
    });

    test.each<[string, Framing, string]>([
      ['too long', { type: 'delimiter', max: 4 }, 'ok\nmuch longer\nmore'],
      [
        'shorter than its header',
        { type: 'length', bytes: 1, includesHeader: true },
        '\x03ok\0and more',
      ],
    ])('passes on a message that is %s', async (_, framing, bytes) => {
      const upgraded = deferred<Socket>();
      const server = await scope.listen(
        { data: (connection) => upgraded.resolve(scope.track(connection.toSocket())) },
        { framing },
      );
      const client = await scope.client(server);
      client.resume().end(bytes, 'latin1');
      const peer = await upgraded.promise;
      expect((await receiveAll(peer)).toString('latin1')).toBe(bytes.slice(3));
      peer.end();
    });
  });

  test.each<[object, string]>([
    [{ type: 'lines' }, 'ERR_INVALID_ARG_VALUE'],
    [{ type: 'length', bytes: 9 }, 'ERR_OUT_OF_RANGE'],
    [{ type: 'delimiter', delimiter: '' }, 'ERR_INVALID_ARG_VALUE'],
    [{ type: 'delimiter', delimiter: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ type: 'fixed' }, 'ERR_INVALID_ARG_TYPE'],
    [{ type: 'fixed', size: 0 }, 'ERR_OUT_OF_RANGE'],
  ])('the framing %j is rejected', (framing, code) => {
    expect(() => lean.listen({ port: 0, framing: framing as never }, {})).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
