import { nextEvent } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf, transports } from '../helpers/scope';
import { readAll } from '../helpers/streams';

describeNet('cork and writev', ({ scope }) => {
  test.each(transports)('corked writes leave together over %s', async (transport) => {
    const { client, peer } = await scope.pair({ transport });
    const log: string[] = [];
    const arrived = nextEvent(peer, 'data');
    client.cork();
    client.write('one ', () => log.push('one'));
    client.write(Buffer.from('two '), () => log.push('two'));
    client.write('33', 'hex', () => log.push('three'));
    expect(client.writableCorked).toBe(1);
    expect(client.writableLength).toBe(4 + 4 + 2);
    client.uncork();
    expect(client.writableCorked).toBe(0);
    const [chunk] = await arrived;
    expect(String(chunk)).toBe('one two 3');
    if (log.length < 3) await nextEvent(client, 'drain').catch(() => {});
    expect(log).toEqual(['one', 'two', 'three']);
    expect(client.bytesWritten).toBe(9);
  });

  test('nested corks send at the last uncork()', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    client.cork();
    client.cork();
    client.write('a');
    client.uncork();
    expect(client.bytesWritten).toBe(1);
    expect(client.writableLength).toBe(1);
    client.write('b');
    client.uncork();
    client.end('c');
    expect((await received).toString()).toBe('abc');
  });

  test('end() uncorks', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    client.cork();
    client.write('corked ');
    client.end('end');
    expect((await received).toString()).toBe('corked end');
  });

  test('all pieces leave, even more than the kernel takes in one writev', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    const pieces = 5000;
    client.cork();
    let called = 0;
    for (let index = 0; index < pieces; index++) {
      client.write(index % 2 === 0 ? `${index},` : Buffer.from(`${index},`), () => called++);
    }
    client.uncork();
    client.end();
    expect((await received).toString()).toBe(
      Array.from({ length: pieces }, (_, index) => `${index},`).join(''),
    );
    expect(called).toBe(pieces);
  });

  test('pieces leave that are larger than the kernel takes at once', async () => {
    const { client, peer } = await scope.pair();
    const pieces = Array.from({ length: 20 }, (_, index) => Buffer.alloc(1_000_000, index));
    client.cork();
    for (const piece of pieces) client.write(piece);
    client.uncork();
    client.end();
    expect((await readAll(peer)).equals(Buffer.concat(pieces))).toBe(true);
  });

  test('writes that were corked while connecting leave afterwards', async () => {
    const server = await scope.listen(scope.server());
    const accepted = nextEvent(server, 'connection');
    const client = scope.connect(endpointOf(server));
    client.cork();
    client.write('first ');
    client.write('second');
    await nextEvent(client, 'connect');
    const [peer] = (await accepted) as [import('node:net').Socket];
    const received = readAll(peer);
    expect(client.writableLength).toBe(12);
    client.uncork();
    client.end();
    expect((await received).toString()).toBe('first second');
  });

  test('destroy() of a corked socket gives callbacks the error', async () => {
    const { client } = await scope.pair();
    client.cork();
    const failed = new Promise<unknown>((resolve) => {
      client.write('never', resolve);
    });
    client.destroy();
    expect(await failed).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });
});
