import { EventEmitter } from 'node:events';
import stream from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { createGzip, createGunzip } from 'node:zlib';

import { rejectionOf } from '../helpers/errors';
import { nextEvent, traceEvents } from '../helpers/events';
import { describeNet, nodeAtLeast } from '../helpers/implementations';
import { Random } from '../helpers/random';
import { endpointOf } from '../helpers/scope';
import { readAll } from '../helpers/streams';

describeNet('as streams', ({ net, scope, newer }) => {
  test('async iteration gives all data and ends', async () => {
    const { client, peer } = await scope.pair();
    client.write('one ');
    client.end('two');
    const chunks: Buffer[] = [];
    for await (const chunk of peer) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('one two');
  });

  test('leaving the iteration destroys the socket', async () => {
    const { client, peer } = await scope.pair();
    client.write('first');
    for await (const chunk of peer) {
      expect(String(chunk)).toBe('first');
      break;
    }
    expect(peer.destroyed).toBe(true);
  });

  test('a reset rejects the iteration', async () => {
    const { client, peer } = await scope.pair();
    const iterating = (async () => {
      for await (const chunk of peer) {
        expect(String(chunk)).toBe('x');
        client.resetAndDestroy();
      }
    })();
    client.write('x');
    expect(await rejectionOf(iterating)).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  test('pipeline() passes bytes through transforms', async () => {
    const { client, peer } = await scope.pair();
    const bytes = new Random(3).bytes(400_000);
    const collect = new stream.PassThrough();
    const received = readAll(collect);
    await Promise.all([
      pipeline(stream.Readable.from([bytes]), createGzip(), client),
      pipeline(peer, createGunzip(), collect),
    ]);
    expect((await received).equals(bytes)).toBe(true);
  });

  test('finished() reports the end and a premature close', async () => {
    const { client, peer } = await scope.pair();
    const done = Promise.all([finished(client), finished(peer)]);
    client.resume().end();
    peer.resume();
    await done;
    const other = await scope.pair();
    const failing = rejectionOf(finished(other.client));
    other.client.destroy();
    expect(await failing).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  test('stream consumers and web streams read a socket', async () => {
    const { client, peer } = await scope.pair();
    client.end('consumed');
    expect(await text(peer)).toBe('consumed');
    const other = await scope.pair();
    const { readable, writable } = stream.Duplex.toWeb(other.client);
    const writer = writable.getWriter();
    other.peer.end('from the server');
    await writer.write(Buffer.from('from the client'));
    const { value } = await readable.getReader().read();
    expect(String(Buffer.from(value as Uint8Array))).toBe('from the server');
    expect(String((await nextEvent(other.peer, 'data'))[0])).toBe('from the client');
  });

  test('sockets and servers are instances of their classes', () => {
    const socket = new net.Socket();
    expect(socket).toBeInstanceOf(stream.Duplex);
    expect(socket).toBeInstanceOf(stream.Readable);
    expect(socket instanceof stream.Writable).toBe(true);
    expect(new net.Server()).toBeInstanceOf(EventEmitter);
    expect(Object.getPrototypeOf(net.Socket)).toBe(stream.Duplex);
    socket.destroy();
  });

  newer(nodeAtLeast(20, 4), 'Symbol.asyncDispose of servers')(
    'asyncDispose closes a server, and one that is closed already',
    async () => {
      const server = await scope.listen(scope.server());
      await server[Symbol.asyncDispose]();
      expect(server.listening).toBe(false);
      await server[Symbol.asyncDispose]();
    },
  );

  test('asyncDispose destroys a socket', async () => {
    const { client } = await scope.pair();
    client.on('error', () => {});
    await client[Symbol.asyncDispose]();
    expect(client.destroyed).toBe(true);
  });

  test('object mode is rejected', () => {
    for (const options of [
      { objectMode: true },
      { readableObjectMode: true },
      { writableObjectMode: true },
    ]) {
      expect(() => new net.Socket(options as never)).toThrow(/is not supported/);
    }
  });

  describe('captureRejections', () => {
    // For all emitters made from then on: there is no option of createServer for it.
    beforeAll(() => {
      EventEmitter.captureRejections = true;
    });
    afterAll(() => {
      EventEmitter.captureRejections = false;
    });

    test('a connection listener that rejects destroys that socket alone', async () => {
      const server = scope.server();
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- that is the case
      server.on('connection', async (peer) => {
        peer.on('error', () => {});
        traceEvents(log, peer);
        await Promise.reject(new Error('rejected'));
      });
      const log: string[] = [];
      await scope.listen(server);
      const client = scope.connect(endpointOf(server)).resume();
      await nextEvent(client, 'close');
      expect(log).toEqual(['error rejected', 'close true']);
      expect(server.listening).toBe(true);
    });

    test('any other listener that rejects causes an error event', async () => {
      const server = scope.server();
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- that is the case
      server.on('listening', async () => {
        await Promise.reject(new Error('rejected'));
      });
      const failed = nextEvent(server, 'error');
      server.listen(0, '127.0.0.1');
      expect(((await failed)[0] as Error).message).toBe('rejected');
    });
  });
});
