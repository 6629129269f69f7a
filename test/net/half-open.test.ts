import { nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { transports } from '../helpers/scope';
import { readAll, readBytes } from '../helpers/streams';

describeNet('half-open connections', ({ net, scope }) => {
  describe.each(transports)('over %s', (transport) => {
    test('an accepted socket ends by itself when the peer ends', async () => {
      const { client, peer } = await scope.pair({ transport });
      const log: string[] = [];
      traceEvents(log, peer, 'peer');
      traceEvents(log, client, 'client');
      expect(peer.allowHalfOpen).toBe(false);
      peer.resume();
      client.resume();
      const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
      client.end();
      await closed;
      expect(log.filter((line) => line.startsWith('peer'))).toEqual([
        'peer end',
        'peer finish',
        'peer close false',
      ]);
      expect(log.filter((line) => line.startsWith('client'))).toEqual([
        'client finish',
        'client end',
        'client close false',
      ]);
    });

    test('sockets of a server with allowHalfOpen go on writing', async () => {
      const { client, peer } = await scope.pair({ transport, server: { allowHalfOpen: true } });
      expect(peer.allowHalfOpen).toBe(true);
      const answer = readAll(client);
      peer.resume();
      const ended = nextEvent(peer, 'end');
      client.end('request');
      await ended;
      expect(peer.readyState).toBe('writeOnly');
      expect(peer.writable).toBe(true);
      await nextTurn();
      peer.write('still ');
      await nextTurn();
      peer.end('there');
      expect((await answer).toString()).toBe('still there');
    });

    test('a client with allowHalfOpen goes on writing after the server has ended', async () => {
      const { client, peer } = await scope.pair({
        transport,
        client: { allowHalfOpen: true },
      });
      const ended = nextEvent(client, 'end');
      client.resume();
      peer.end();
      await ended;
      expect(client.readyState).toBe('writeOnly');
      const received = readBytes(peer, 5);
      client.write('after');
      expect((await received).toString()).toBe('after');
      const closed = nextEvent(client, 'close');
      client.end();
      expect(await closed).toEqual([false]);
    });
  });

  test('readyState follows the states of a half-open socket', async () => {
    const { client, peer } = await scope.pair({
      server: { allowHalfOpen: true },
      client: { allowHalfOpen: true },
    });
    expect(client.readyState).toBe('open');
    const finished = nextEvent(client, 'finish');
    client.end();
    expect(client.readyState).toBe('readOnly');
    await finished;
    expect(client.readyState).toBe('readOnly');
    peer.resume();
    await nextEvent(peer, 'end');
    expect(peer.readyState).toBe('writeOnly');
    const closed = Promise.all([nextEvent(client, 'close'), nextEvent(peer, 'close')]);
    client.resume();
    peer.end();
    await closed;
    expect([client.readyState, peer.readyState]).toEqual(['closed', 'closed']);
  });

  test('unread data delays the end and keeps the socket open', async () => {
    const { client, peer } = await scope.pair();
    const log: string[] = [];
    traceEvents(log, peer);
    peer.pause();
    const finished = nextEvent(client, 'finish');
    client.end('waiting');
    await finished;
    await nextTurn();
    expect(log).toEqual([]);
    expect(peer.destroyed).toBe(false);
    const closed = nextEvent(peer, 'close');
    client.resume();
    peer.resume();
    await closed;
    expect(log).toEqual(['data waiting', 'end', 'finish', 'close false']);
  });

  test('an end without any reader never ends the accepted socket', async () => {
    // Nothing is read, so the end is not noticed, as with any Readable.
    const { client, peer } = await scope.pair({ server: { allowHalfOpen: true } });
    const log: string[] = [];
    traceEvents(log, peer);
    const finished = nextEvent(client, 'finish');
    client.end('x');
    await finished;
    await nextTurn();
    await nextTurn();
    expect(log).toEqual([]);
    expect(peer.readableEnded).toBe(false);
  });

  test('allowHalfOpen may be changed on a live socket', async () => {
    const { client, peer } = await scope.pair({ client: { allowHalfOpen: false } });
    peer.allowHalfOpen = true;
    peer.resume();
    const ended = nextEvent(peer, 'end');
    client.end();
    await ended;
    await nextTurn();
    expect(peer.writable).toBe(true);
    const answer = readAll(client);
    peer.end('answer');
    expect((await answer).toString()).toBe('answer');
  });

  test.each([[true], [false], [undefined], [1], [0], ['']] as const)(
    'allowHalfOpen %p is taken as a boolean',
    (value) => {
      const socket = new net.Socket({ allowHalfOpen: value as unknown as boolean });
      expect(socket.allowHalfOpen).toBe(Boolean(value));
    },
  );
});
