import { nextEvent, nextTurn } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { endpointOf, transports } from '../helpers/scope';
import { readAll, readBytes } from '../helpers/streams';

describeNet('pause and resume', ({ scope }) => {
  test.each(transports)(
    'no data arrives while paused, and all of it arrives afterwards, over %s',
    async (transport) => {
      const { client, peer } = await scope.pair({ transport });
      let seen = '';
      peer.on('data', (chunk: Buffer) => (seen += String(chunk)));
      client.write('one');
      await nextEvent(peer, 'data');
      expect(peer.pause()).toBe(peer);
      expect(peer.isPaused()).toBe(true);
      await new Promise<void>((resolve) => {
        client.write('two', () => resolve());
      });
      await nextTurn();
      await nextTurn();
      expect(seen).toBe('one');
      const more = nextEvent(peer, 'data');
      expect(peer.resume()).toBe(peer);
      await more;
      expect(seen).toBe('onetwo');
    },
  );

  test('bytes wait in the stream after read() while connecting and a later pause()', async () => {
    const server = await scope.listen(scope.server((peer) => peer.end('hello')));
    const client = scope.connect(endpointOf(server));
    client.read(0);
    client.pause();
    await nextEvent(client, 'connect');
    while (client.readableLength < 5) await nextTurn();
    expect(client.isPaused()).toBe(true);
    expect(String(client.read())).toBe('hello');
  });

  test('pause() in the data listener takes effect at once', async () => {
    const { client, peer } = await scope.pair();
    const sizes: number[] = [];
    peer.on('data', (chunk: Buffer) => {
      sizes.push(chunk.length);
      peer.pause();
    });
    const total = 2_000_000;
    client.end(Buffer.alloc(total));
    await nextEvent(peer, 'data');
    await nextTurn();
    await nextTurn();
    expect(sizes).toHaveLength(1);
    const ended = nextEvent(peer, 'end');
    peer.on('pause', () => setImmediate(() => peer.resume()));
    peer.resume();
    await ended;
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total);
  });

  test('pauseOnConnect reads no byte before resume()', async () => {
    const { client, peer } = await scope.pair({ server: { pauseOnConnect: true } });
    await new Promise<void>((resolve) => {
      client.write('early', () => resolve());
    });
    await nextTurn();
    await nextTurn();
    expect(peer.readableFlowing).toBe(false);
    expect(peer.isPaused()).toBe(true);
    expect(peer.bytesRead).toBe(0);
    const received = readAll(peer);
    peer.resume();
    client.end();
    expect((await received).toString()).toBe('early');
  });

  test('a socket may be paused before it is connected', async () => {
    const server = await scope.listen(scope.server((peer) => peer.end('hello')));
    const client = scope.connect(endpointOf(server)).pause();
    await nextEvent(client, 'connect');
    let seen = 0;
    client.on('data', (chunk: Buffer) => (seen += chunk.length));
    await nextTurn();
    await nextTurn();
    expect(seen).toBe(0);
    const ended = nextEvent(client, 'end');
    client.resume();
    await ended;
    expect(seen).toBe(5);
  });

  test('readable and read() give all bytes', async () => {
    const { client, peer } = await scope.pair();
    let text = '';
    peer.on('readable', () => {
      for (;;) {
        const chunk = peer.read() as Buffer | null;
        if (chunk === null) return;
        text += String(chunk);
      }
    });
    const ended = nextEvent(peer, 'end');
    client.write('one ');
    await nextTurn();
    client.write('two ');
    await nextTurn();
    client.end('three');
    await ended;
    expect(text).toBe('one two three');
  });

  test('read(n) and unshift() keep the order', async () => {
    const { client, peer } = await scope.pair();
    client.write('abcdef');
    await nextEvent(peer, 'readable');
    expect(String(peer.read(2))).toBe('ab');
    peer.unshift(Buffer.from('AB'));
    expect(String(peer.read(3))).toBe('ABc');
    expect(peer.read(10)).toBeNull();
    expect(String(peer.read())).toBe('def');
  });

  test('many turns of pause and resume lose no data', async () => {
    const { client, peer } = await scope.pair();
    const total = 3_000_000;
    let seen = 0;
    peer.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      peer.pause();
      if (seen % 2 === 0) process.nextTick(() => peer.resume());
      else setImmediate(() => peer.resume());
    });
    const ended = nextEvent(peer, 'end');
    for (let left = total; left > 0; left -= 1000) client.write(Buffer.alloc(Math.min(left, 1000)));
    client.end();
    await ended;
    expect(seen).toBe(total);
  });

  test('resume() and pause() in one tick leave the socket paused', async () => {
    const { client, peer } = await scope.pair();
    for (let round = 0; round < 10; round++) {
      peer.pause();
      peer.resume();
    }
    const received = readBytes(peer, 4);
    client.write('data');
    expect((await received).toString()).toBe('data');
  });
});
