import { errorShape } from '../helpers/errors';
import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet, nodeAtLeast } from '../helpers/implementations';
import { transports } from '../helpers/scope';
import { fill, readAll } from '../helpers/streams';

describeNet('end', ({ net, scope, newer }) => {
  describe.each(transports)('over %s', (transport) => {
    test('callbacks and events of both sides come in order', async () => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, client);
      client.resume();
      peer.resume();
      const closed = nextEvent(client, 'close');
      client.write('one', () => log.push('write callback'));
      client.end('two', () => log.push('end callback'));
      expect(client.writableEnded).toBe(true);
      expect(client.writableFinished).toBe(false);
      await closed;
      expect(log).toEqual(['write callback', 'end callback', 'finish', 'end', 'close false']);
      expect(client.writableFinished).toBe(true);
      expect(client.readableEnded).toBe(true);
    });

    test('bytes that wait in the socket are sent before the end', async () => {
      const { client, peer } = await scope.pair({ transport });
      const total = fill(client, 8 * 1024 * 1024);
      client.end();
      const received = await readAll(peer);
      expect(received.length).toBe(total);
    });
  });

  test('a write after end() fails with ERR_STREAM_WRITE_AFTER_END, for callback and event', async () => {
    const { client, peer } = await scope.pair();
    peer.resume();
    const log: string[] = [];
    traceEvents(log, client);
    client.on('error', () => {});
    client.end();
    const closed = nextEvent(client, 'close');
    client.write('late', (error) => log.push(`callback ${String(errorShape(error).code)}`));
    await closed;
    expect(log).toContain('error ERR_STREAM_WRITE_AFTER_END');
    expect(log).toContain('callback ERR_STREAM_WRITE_AFTER_END');
    expect(log.at(-1)).toBe('close true');
  });

  test('a second end() also calls its callback, with an error once the socket has finished', async () => {
    const { client, peer } = await scope.pair({ server: { allowHalfOpen: true } });
    peer.resume();
    const log: string[] = [];
    client.end(() => log.push('first'));
    client.end(() => log.push('second'));
    await nextEvent(client, 'finish');
    await new Promise<void>((resolve) => {
      client.end((error?: Error) => {
        log.push(`third ${String(errorShape(error).code)}`);
        resolve();
      });
    });
    expect(log).toEqual(['first', 'second', 'third ERR_STREAM_ALREADY_FINISHED']);
  });

  test('end() takes data, an encoding and a callback, which are all optional', async () => {
    const shapes: [unknown[], string][] = [
      [[], ''],
      [['text'], 'text'],
      [['7465', 'hex'], 'te'],
      [[Buffer.from('bytes')], 'bytes'],
    ];
    for (const [args, expected] of shapes) {
      const { client, peer } = await scope.pair();
      const received = readAll(peer);
      const called = new Promise<void>((resolve) => {
        expect(Reflect.apply(client.end, client, [...args, resolve])).toBe(client);
      });
      await called;
      expect((await received).toString()).toBe(expected);
    }
  });

  newer(nodeAtLeast(24), 'end of a pending socket')(
    'a socket that never connected can be ended',
    async () => {
      const socket = new net.Socket();
      const log: string[] = [];
      traceEvents(log, socket);
      socket.end(() => log.push('callback'));
      await nextEvent(socket, 'finish');
      await nextTurn();
      expect(log).toEqual(['callback', 'finish']);
      socket.destroy();
    },
  );

  test('destroySoon closes the socket after its written data', async () => {
    const { client, peer } = await scope.pair();
    const received = readAll(peer);
    const log: string[] = [];
    traceEvents(log, client);
    client.write('all of it');
    client.destroySoon();
    expect(client.writableEnded).toBe(true);
    expect(client.destroyed).toBe(false);
    await nextEvent(client, 'close');
    expect(log).toEqual(['finish', 'close false']);
    expect((await received).toString()).toBe('all of it');
  });

  test('destroySoon loses no data of a full socket', async () => {
    const { client, peer } = await scope.pair();
    const total = fill(client);
    client.destroySoon();
    expect((await readAll(peer)).length).toBe(total);
  });

  test('destroySoon destroys a finished socket at once', async () => {
    const { client, peer } = await scope.pair({ server: { allowHalfOpen: true } });
    peer.resume();
    client.end();
    await nextEvent(client, 'finish');
    client.destroySoon();
    expect(client.destroyed).toBe(true);
    await nextEvent(client, 'close');
  });

  test('both sides may end at the same time', async () => {
    const { client, peer } = await scope.pair();
    const all = Promise.all([readAll(client), readAll(peer)]);
    const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
    client.end('from the client');
    peer.end('from the server');
    expect((await all).map(String)).toEqual(['from the server', 'from the client']);
    expect(await closed).toEqual([[false], [false]]);
  });

  test('the server closes after its last connection and not before', async () => {
    const { server, client, peer } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, server, 'server');
    traceEvents(log, peer, 'peer');
    server.close(() => log.push('server callback'));
    expect(server.listening).toBe(false);
    await nextTurn();
    expect(log).toEqual([]);
    const closed = Promise.all([nextEvent(server, 'close'), nextEvent(peer, 'close')]);
    peer.resume();
    client.end();
    await closed;
    expect(log).toEqual([
      'peer end',
      'peer finish',
      'server close',
      'server callback',
      'peer close false',
    ]);
  });

  test('end() inside a data listener still delivers the rest', async () => {
    const { client, peer } = await scope.pair();
    let seen = 0;
    peer.on('data', (chunk: Buffer) => {
      if (seen === 0) peer.end('enough');
      seen += chunk.length;
    });
    const answer = readAll(client);
    const ended = nextEvent(peer, 'end');
    const size = 300_000;
    client.end(Buffer.alloc(size));
    await ended;
    expect(seen).toBe(size);
    expect((await answer).toString()).toBe('enough');
  });
});
