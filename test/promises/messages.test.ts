import type { Framing } from '../../lib/promises';
import { nextTurn } from '../helpers/events';
import {
  describePromises,
  eventually,
  readToEnd,
  rejection,
  type Stream,
} from '../helpers/promises';

const LINES: Framing = { type: 'delimiter', delimiter: '\n' };
const SIZED: Framing = { type: 'length', bytes: 2 };

/** A message with its length in front. */
const sized = (text: string): Buffer => {
  const bytes = Buffer.alloc(2 + text.length, text);
  bytes.writeUInt16BE(text.length);
  bytes.write(text, 2);
  return bytes;
};

async function take(stream: Stream, framing: Framing, most = Infinity): Promise<string[]> {
  const taken: string[] = [];
  for await (const message of stream.messages(framing)) {
    taken.push(String(message));
    if (taken.length === most) break;
  }
  return taken;
}

describePromises('messages()', ({ scope }) => {
  test.each(['tcp', 'unix'] as const)(
    'gives messages, and then the end (%s)',
    async (transport) => {
      const { stream, peer } = await scope.pair({}, transport);
      peer.end(Buffer.concat(['', 'a', 'bc', 'x'.repeat(300)].map(sized)));
      expect(await take(stream, SIZED)).toEqual(['', 'a', 'bc', 'x'.repeat(300)]);
      expect(await stream.read()).toBe(null);
      expect(await take(stream, SIZED)).toEqual([]);
      expect(stream.isOpen).toBe(true);
    },
  );

  test('cuts what has come before, and what comes byte by byte', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('head\none\ntw');
    expect(await stream.readLine()).toBe('head');
    await eventually(() => stream.readableLength === 6);
    const messages = stream.messages(LINES);
    expect(String((await messages.next()).value)).toBe('one');
    const next = messages.next();
    peer.write('o');
    await eventually(() => stream.bytesRead === 12);
    peer.write('\nthree');
    expect(String((await next).value)).toBe('two');
    peer.end('\n');
    expect(String((await messages.next()).value)).toBe('three');
    expect(await messages.next()).toEqual({ value: undefined, done: true });
  });

  test('leaves what was not taken to the next read, as it was on the wire', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('1\n2\n3\npart');
    await eventually(() => stream.readableLength === 10);
    expect(await take(stream, LINES, 1)).toEqual(['1']);
    expect(String(await stream.readExactly(4))).toBe('2\n3\n');
    peer.write(Buffer.concat([Buffer.from('ial\n'), sized('four'), sized('five'), sized('six')]));
    expect(await take(stream, LINES, 1)).toEqual(['partial']);
    expect(await take(stream, SIZED, 1)).toEqual(['four']);
    expect(await take(stream, { type: 'fixed', size: 6 }, 1)).toEqual([String(sized('five'))]);
    peer.end();
    expect(String(await readToEnd(stream))).toBe(String(sized('six')));
  });

  test('leaves the rest in the middle of a burst', async () => {
    const { stream, peer } = await scope.pair();
    const sent = Array.from({ length: 5000 }, (_, index) => `message ${index}`);
    peer.end(`${sent.join('\n')}\n`);
    const got = await take(stream, LINES, 1);
    got.push(...(await take(stream, LINES, 2000)));
    got.push((await stream.readLine())!);
    for await (const line of stream.lines()) {
      got.push(line);
      if (got.length === 4000) break;
    }
    got.push(...(await take(stream, LINES)));
    expect(got).toEqual(sent);
  });

  test('keeps other reads out until its loop is left', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('1\n2\n');
    const messages = stream.messages(LINES);
    expect(String((await messages.next()).value)).toBe('1');
    expect(await rejection(stream.read())).toMatchObject({ code: 'ERR_INVALID_STATE' });
    expect(() => stream.unread(Buffer.from('x'))).toThrow('iterated');
    expect(() => stream.messages(LINES)).toThrow('iterated');
    await messages.return!();
    await messages.return!();
    expect(await messages.next()).toEqual({ value: undefined, done: true });
    expect(await stream.readLine()).toBe('2');
  });

  test('takes one next() at a time, and return() ends one that waits', async () => {
    const { stream, peer } = await scope.pair();
    const messages = stream.messages(LINES);
    const waiting = messages.next();
    expect(await rejection(messages.next())).toMatchObject({ code: 'ERR_INVALID_STATE' });
    await messages.return!();
    expect(await waiting).toEqual({ value: undefined, done: true });
    peer.write('x\n');
    expect(await stream.readLine()).toBe('x');
  });

  test('has a signal and a time limit for each message, and either ends the loop', async () => {
    const { stream, peer } = await scope.pair();
    const loop = async (options: { signal?: AbortSignal; timeout?: number }): Promise<string[]> => {
      const seen: string[] = [];
      try {
        for await (const message of stream.messages({ type: 'delimiter' }, options)) {
          seen.push(String(message));
        }
      } catch (error) {
        seen.push((error as { code: string }).code);
      }
      return seen;
    };
    peer.write('1\nhal');
    await eventually(() => stream.readableLength === 5);
    expect(await loop({ timeout: 20 })).toEqual(['1', 'ETIMEDOUT']);
    peer.write('f\nmore');
    expect(await stream.readLine()).toBe('half');
    const controller = new AbortController();
    const looping = loop({ signal: controller.signal });
    controller.abort();
    expect(await looping).toEqual(['ABORT_ERR']);
    expect(await loop({ signal: controller.signal })).toEqual(['ABORT_ERR']);
    expect(String(await stream.readExactly(4))).toBe('more');
    for (const options of [5, { signal: 5 }, { timeout: 'x' }]) {
      expect(() => stream.messages({ type: 'delimiter' }, options as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      );
    }
    peer.write('!');
    expect(String(await stream.read())).toBe('!');
  });

  test('closes a connection that breaks the framing', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('ok\nlonger\n');
    const messages = stream.messages({ ...LINES, max: 5 });
    expect(String((await messages.next()).value)).toBe('ok');
    expect(await rejection(messages.next())).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    expect(await rejection(stream.closed)).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    expect(await rejection(stream.read())).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    const other = await scope.pair();
    other.peer.end('cut of');
    expect(await rejection(take(other.stream, LINES))).toMatchObject({
      code: 'ERR_UVNET_MESSAGE_CUT_OFF',
    });
  });

  test('leaves what follows the last message of a loop, whatever it is', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('ok\nnot of these messages');
    expect(await take(stream, { ...LINES, max: 5 }, 1)).toEqual(['ok']);
    expect(String(await stream.readExactly(21))).toBe('not of these messages');
    expect(stream.isOpen).toBe(true);
    peer.write('a\nb\nnot short');
    await eventually(() => stream.readableLength === 13);
    for await (const message of stream.messages({ ...LINES, max: 5 })) {
      // Nobody asks for a message for a while.
      for (let turns = 0; turns < 5; turns++) await nextTurn();
      if (String(message) === 'b') break;
    }
    expect(String(await stream.readExactly(9))).toBe('not short');
    const asked = take(stream, LINES, 1);
    peer.end('1\ncut off');
    expect(await asked).toEqual(['1']);
    expect(await stream.readLine()).toBe('cut off');
    expect(await stream.read()).toBeNull();
    expect(stream.isOpen).toBe(true);
    await stream.write('bye');
    await stream.close();
    expect(String(await peer.toArray())).toBe('bye');
  });

  test('cuts what is left of a connection that has ended or was closed', async () => {
    const { stream, peer } = await scope.pair();
    peer.end('1\n2\n3');
    await eventually(() => stream.readableLength === 5);
    expect(String(await stream.peek(100))).toBe('1\n2\n3');
    expect(await take(stream, LINES, 1)).toEqual(['1']);
    const messages = stream.messages(LINES);
    expect(String((await messages.next()).value)).toBe('2');
    expect(await rejection(messages.next())).toMatchObject({ code: 'ERR_UVNET_MESSAGE_CUT_OFF' });
    expect(await stream.readLine()).toBe('3');
    const closed = await scope.pair();
    closed.peer.write('1\n2\n3');
    await eventually(() => closed.stream.readableLength === 5);
    closed.stream.destroy();
    const rest = closed.stream.messages(LINES);
    expect(String((await rest.next()).value)).toBe('1');
    await closed.stream.closed;
    expect(String((await rest.next()).value)).toBe('2');
  });

  test('is rejected by a reset', async () => {
    const { stream, peer } = await scope.pair();
    const messages = stream.messages(LINES);
    const next = messages.next();
    peer.resetAndDestroy();
    expect(await rejection(next)).toMatchObject({ code: 'ECONNRESET' });
    expect(await rejection(stream.read())).toMatchObject({ code: 'ECONNRESET' });
  });

  test('refuses a framing that makes no sense, and leaves the stream as it was', async () => {
    const { stream, peer } = await scope.pair();
    peer.end('x');
    for (const framing of [
      null,
      5,
      {},
      { type: 'nope' },
      { type: 'fixed', size: 0 },
      { ...LINES, sze: 5 },
    ]) {
      expect(() => stream.messages(framing as never)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF)/) }),
      );
    }
    expect(String(await readToEnd(stream))).toBe('x');
  });

  test('holds its peer back while nobody asks', async () => {
    const { stream, peer } = await scope.pair();
    const count = 200_000;
    peer.end(Buffer.from(`${'x'.repeat(79)}\n`.repeat(count)));
    const messages = stream.messages(LINES);
    await messages.next();
    const other = await scope.pair();
    for (let i = 0; i < 20; i += 1) {
      other.peer.write('x');
      await other.stream.read();
    }
    expect(stream.readableLength).toBeLessThan(1024 * 1024);
    let seen = 1;
    while (!(await messages.next()).done) seen += 1;
    expect(seen).toBe(count);
  });

  test('does not disturb writes that wait', async () => {
    const { stream, peer } = await scope.pair();
    peer.pause();
    const writing = stream.write(Buffer.alloc(32 * 1024 * 1024, 'f'));
    const ending = stream.end();
    peer.write('1\n2\n3\n');
    expect(await take(stream, LINES, 1)).toEqual(['1']);
    peer.resume();
    await writing;
    expect(await take(stream, LINES, 1)).toEqual(['2']);
    await ending;
    peer.end();
    expect(await take(stream, LINES)).toEqual(['3']);
    await stream.closed;
  });

  test('has connections of one listener share what they can', async () => {
    const listener = await scope.listen();
    const clients = await Promise.all(Array.from({ length: 20 }, () => scope.knock(listener)));
    const streams = await Promise.all(clients.map(() => listener.accept()));
    clients.forEach((client) => client.write('1\n2\n'));
    for (const stream of streams) {
      scope.track(stream!);
      expect(await take(stream!, LINES, 1)).toEqual(['1']);
    }
    for (const stream of streams) {
      expect(await stream!.readLine()).toBe('2');
      await stream!.close();
    }
    clients.forEach((client) => client.destroy());
  });
});
