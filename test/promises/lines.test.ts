import { describePromises, eventually, rejection } from '../helpers/promises';

describePromises('lines', ({ scope }) => {
  test('are found though other reads have taken bytes since the last search', async () => {
    const { stream, peer } = await scope.pair();
    const lines = stream.lines({ max: 10 });
    peer.write('a'.repeat(30));
    await eventually(() => stream.readableLength === 30);
    expect(await rejection(lines.next())).toMatchObject({ code: 'ERR_UVNET_MESSAGE_TOO_LONG' });
    expect(await stream.readExactly(30)).toHaveLength(30);
    peer.write('b\nc\n');
    await eventually(() => stream.readableLength === 4);
    expect(await lines.next()).toEqual({ value: 'b', done: false });
    stream.unread(Buffer.from('d\n'));
    expect(await lines.next()).toEqual({ value: 'd', done: false });
  });

  test('are left alone by an iterator that was left while it waited', async () => {
    const { stream, peer } = await scope.pair();
    for (const iterator of [stream.lines(), stream[Symbol.asyncIterator]()]) {
      const waiting = iterator.next();
      await iterator.return!();
      expect(await waiting).toEqual({ value: undefined, done: true });
    }
    peer.write('line\n');
    expect(await stream.readLine()).toBe('line');
    const mine = stream.read();
    await stream.lines().return!();
    peer.write('x');
    expect(String(await mine)).toBe('x');
  });

  test('have a signal and a time limit each', async () => {
    const { stream, peer } = await scope.pair();
    const controller = new AbortController();
    const lines = stream.lines({ signal: controller.signal, timeout: 20 });
    peer.write('one\ntw');
    await eventually(() => stream.readableLength === 6);
    expect(await lines.next()).toEqual({ value: 'one', done: false });
    expect(await rejection(lines.next())).toMatchObject({ code: 'ETIMEDOUT' });
    peer.write('o\nthree\n');
    expect(await lines.next()).toEqual({ value: 'two', done: false });
    controller.abort('enough');
    expect(await rejection(lines.next())).toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
    expect(await stream.readLine()).toBe('three');
    for (const options of [{ signal: 5 }, { timeout: 'x' }, 5]) {
      expect(() => stream.lines(options as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      );
    }
  });

  test('in UTF-16 are refused: a line feed is not one byte there', async () => {
    const { stream } = await scope.pair();
    for (const encoding of ['utf16le', 'UTF-16LE', 'ucs2', 'ucs-2'] as BufferEncoding[]) {
      expect(await rejection(stream.readLine({ encoding }))).toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
      });
    }
  });

  test('are decoded by their encoding, across chunks', async () => {
    const { stream, peer } = await scope.pair();
    const euro = Buffer.from('€');
    peer.write(euro.subarray(0, 1));
    await eventually(() => stream.bytesRead === 1);
    peer.write(Buffer.concat([euro.subarray(1), Buffer.from('\n\xff\n', 'latin1')]));
    expect(await stream.readLine()).toBe('€');
    expect(await stream.readLine({ encoding: 'latin1' })).toBe('ÿ');
  });

  test('go on after a loop was left', async () => {
    const { stream, peer } = await scope.pair();
    peer.end('1\n2\n3\n4\nlast');
    const seen: string[] = [];
    for await (const line of stream.lines()) {
      seen.push(line);
      if (line === '2') break;
    }
    seen.push((await stream.readLine())!);
    for await (const line of stream.lines({ max: 10, encoding: 'latin1' })) seen.push(line);
    expect(seen).toEqual(['1', '2', '3', '4', 'last']);
    expect(await stream.read()).toBe(null);
    expect(stream.isOpen).toBe(true);
    expect(await stream[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });

  test('go on after a loop has thrown', async () => {
    const { stream, peer } = await scope.pair();
    peer.end('1\n2\n');
    const loop = async (): Promise<void> => {
      for await (const line of stream.lines()) throw new Error(line);
    };
    expect(await rejection(loop())).toMatchObject({ message: '1' });
    expect(await stream.readLine()).toBe('2');
  });

  test('do not come from an iterator that was left', async () => {
    const { stream, peer } = await scope.pair();
    peer.write('1\n2\n');
    const lines = stream.lines();
    expect(await lines.next()).toEqual({ value: '1', done: false });
    expect(await lines.return!()).toEqual({ value: undefined, done: true });
    expect(await lines.return!()).toEqual({ value: undefined, done: true });
    expect(await lines.next()).toEqual({ value: undefined, done: true });
    expect(await stream.readLine()).toBe('2');
  });
});
