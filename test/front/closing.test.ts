// Fronts that end in order.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { createFront, type Front } from 'uvnet/front';

import { FrontScope, echo, get, makeCertificate, portOfFront, ssh } from '../helpers/fronts';
import { describeNeeds, missingCommand } from '../helpers/needs';

const fronts = new FrontScope();
afterEach(() => fronts.dispose());

describe('closing a front', () => {
  test('connections that are still open after the grace period are destroyed', async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}));
    const front = await fronts.open(server);
    const connected = once(server, 'connection');
    const client = fronts.connect(front);
    await connected;
    const events: string[] = [];
    front.on('close', () => events.push('front'));
    server.on('close', () => events.push('server'));
    const slow = front.close();
    expect(await front.close({ gracePeriod: 0 })).toEqual({ ended: 0, destroyed: 1 });
    expect(await slow).toEqual({ ended: 0, destroyed: 1 });
    await once(client, 'close');
    await new Promise(setImmediate);
    expect(events.sort()).toEqual(['front', 'server']);
  });

  test('a request at work is answered, and its connection then closed', async () => {
    const server = http.createServer();
    const front = await fronts.open(server);
    const agent = new http.Agent({ keepAlive: true });
    const answer = get(portOfFront(front), agent);
    const [, response] = (await once(server, 'request')) as [unknown, http.ServerResponse];
    const closed = front.close();
    response.end('late');
    expect(await answer).toBe('late');
    expect(await closed).toEqual({ ended: 1, destroyed: 0 });
    agent.destroy();
  });

  /** An http server, and a client with one kept connection that has had an answer. */
  async function openIdle(server = http.createServer((_, response) => response.end('hello'))) {
    const front = await fronts.open(server);
    const agent = new http.Agent({ keepAlive: true });
    const port = portOfFront(front);
    const again = async (): Promise<[http.IncomingMessage, boolean]> => {
      const request = http.get({ port, host: '127.0.0.1', agent });
      const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
      await answer.toArray();
      return [answer, request.reusedSocket];
    };
    expect((await again())[0].headers.connection).toBe('keep-alive');
    return { server, front, agent, again };
  }

  test('in the idle period, a request over a kept connection is the last one', async () => {
    const { server, front, again } = await openIdle();
    const closed = front.close({ idlePeriod: 60_000 });
    expect(front.listening).toBe(false);
    const [answer, reused] = await again();
    expect(reused).toBe(true);
    expect(answer.headers.connection).toBe('close');
    expect(await closed).toEqual({ ended: 1, destroyed: 0 });
    expect(server.listening).toBe(false);
    expect(server.listenerCount('request')).toBe(1);
  });

  test('idle connections end with the idle period, which a further call can end', async () => {
    const { server, front, agent } = await openIdle();
    const slow = front.close({ idlePeriod: 60_000 });
    void front.close();
    expect(server.listening).toBe(true);
    const fast = front.close({ idlePeriod: 0 });
    expect(server.listening).toBe(false);
    expect(await slow).toEqual({ ended: 1, destroyed: 0 });
    expect(await fast).toEqual({ ended: 1, destroyed: 0 });
    agent.destroy();
    const other = await openIdle();
    expect(await other.front.close({ idlePeriod: 1 })).toEqual({ ended: 1, destroyed: 0 });
    other.agent.destroy();
  });

  test('the grace period ends the idle period', async () => {
    const { front, agent } = await openIdle();
    const result = await front.close({ idlePeriod: 60_000, gracePeriod: 1 });
    expect(result).toEqual({ ended: 0, destroyed: 1 });
    agent.destroy();
  });

  test('answers of another front of the server do not say that they are the last', async () => {
    const server = http.createServer((_, response) => response.end('hello'));
    const { front, again } = await openIdle(server);
    const other = await fronts.open(server);
    const closed = front.close({ idlePeriod: 60_000 });
    const agent = new http.Agent({ keepAlive: true });
    const request = http.get({ port: portOfFront(other), host: '127.0.0.1', agent });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    await answer.toArray();
    expect(answer.headers.connection).toBe('keep-alive');
    expect((await again())[0].headers.connection).toBe('close');
    await closed;
    expect(server.listening).toBe(true);
    agent.destroy();
  });

  test('an answer to Expect: 100-continue says so, and http answers it itself without listeners', async () => {
    for (const listens of [true, false]) {
      const server = http.createServer((_, response) => response.end('hello'));
      if (listens) {
        server.on('checkContinue', (_, response: http.ServerResponse) => {
          response.writeContinue();
          response.end('hello');
        });
      }
      const front = await fronts.open(server);
      const client = net.connect(portOfFront(front), '127.0.0.1').setEncoding('utf8');
      client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(client, 'data');
      const closed = front.close({ idlePeriod: 60_000 });
      client.write(
        'PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n',
      );
      const answer = (await client.toArray()).join('');
      expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
      expect(answer).toContain('\r\nConnection: close\r\n');
      await closed;
    }
  });

  test.each(['a server', 'a function'])(
    'listening again ends close(), and connections go on (%s)',
    async (kind) => {
      const server = echo();
      const front =
        kind === 'a server' ? await fronts.open(server) : await fronts.choosing(() => server);
      const client = fronts.connect(front);
      client.write(ssh);
      await once(client, 'data');
      const closed = front.close({ gracePeriod: 2 ** 30 });
      await fronts.listen(front);
      expect(await closed).toEqual({ ended: 0, destroyed: 0 });
      client.write('more');
      expect(String((await once(client, 'data'))[0])).toBe('more');
      expect(await fronts.talk(front, ssh)).toBe(ssh);
      while (front.stats().open > 1) await new Promise(setImmediate);
      expect(await front.close({ gracePeriod: 0 })).toEqual({ ended: 0, destroyed: 1 });
      expect(front.listening).toBe(false);
    },
  );

  test('answers are not the last ones any more when the front listens again', async () => {
    const { front, agent, again } = await openIdle();
    const closed = front.close({ idlePeriod: 2 ** 30 });
    await fronts.listen(front);
    expect(await closed).toEqual({ ended: 0, destroyed: 0 });
    const [answer, reused] = await again();
    expect([answer.headers.connection, reused]).toEqual(['keep-alive', true]);
    expect(await front.close()).toEqual({ ended: 1, destroyed: 0 });
    agent.destroy();
  });

  test('server.close() closes its front', async () => {
    const server = net.createServer();
    const front = await fronts.open(server);
    const closed = once(front, 'close');
    server.close();
    await closed;
    expect(front.listening).toBe(false);
    expect(await front.close()).toEqual({ ended: 0, destroyed: 0 });
  });

  test('a front can be closed from a handler, by a signal, and before it listens', async () => {
    const never = createFront(net.createServer());
    expect(await never.close()).toEqual({ ended: 0, destroyed: 0 });
    const server = net.createServer((socket) => {
      socket.end();
      closing = front.close({ gracePeriod: 0 });
    });
    let closing: Promise<unknown> | undefined;
    const front = await fronts.open(server);
    await fronts.talk(front, '');
    await closing;
    const abort = new AbortController();
    const place = { port: 0, host: '127.0.0.1', signal: abort.signal };
    const other = await fronts.open(net.createServer(), {}, place);
    const closed = once(other, 'close');
    abort.abort();
    await closed;
  });

  describeNeeds(missingCommand('openssl'))('with TLS', () => {
    let credentials: ReturnType<typeof makeCertificate>;
    beforeAll(() => {
      credentials = makeCertificate();
    });

    const connectTo = (front: Front, protocol = 'http/1.1'): tls.TLSSocket => {
      const socket = fronts.connect(front);
      const options = { socket, rejectUnauthorized: false, ALPNProtocols: [protocol] };
      return tls.connect(options).on('error', () => {});
    };

    test('idle connections of https end', async () => {
      const server = https.createServer(credentials, (_, response) => response.end('hello'));
      const front = await fronts.open(server);
      const client = connectTo(front);
      client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(client, 'data');
      expect(await front.close()).toEqual({ ended: 1, destroyed: 0 });
    });

    test.each(['over TLS', 'without TLS'])(
      'sessions of http2 end, the idle ones at once, and others with their streams (%s)',
      async (kind) => {
        const server =
          kind === 'over TLS' ? http2.createSecureServer(credentials) : http2.createServer();
        const waiting: http2.ServerHttp2Stream[] = [];
        server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
          if (headers[':path'] === '/late') waiting.push(stream);
          else stream.end('now');
        });
        const front = await fronts.open(server);
        const ask = async (path: string): Promise<string> => {
          const client = http2.connect('http://localhost', {
            createConnection: () =>
              kind === 'over TLS' ? connectTo(front, 'h2') : fronts.connect(front),
          });
          return String(await client.request({ ':path': path }).toArray());
        };
        expect(await ask('/')).toBe('now');
        const late = [ask('/late'), ask('/late').catch(() => 'lost')];
        while (waiting.length < 2) await new Promise(setImmediate);
        const closed = front.close();
        waiting[0]!.end('late');
        while (front.stats().open > 1) await new Promise(setImmediate);
        expect(await front.close({ gracePeriod: 0 })).toEqual({ ended: 2, destroyed: 1 });
        expect(await closed).toEqual({ ended: 2, destroyed: 1 });
        expect((await Promise.all(late))[0]).toBe('late');
      },
    );

    test('a connection of tls ends by itself or with the grace period, also in its handshake', async () => {
      const server = tls.createServer(credentials, (socket) => {
        socket.on('error', () => {}).write('hello');
      });
      server.on('tlsClientError', () => {});
      const front = await fronts.open(server);
      const clients = [connectTo(front), connectTo(front)];
      await Promise.all(clients.map((client) => once(client, 'data')));
      fronts.connect(front);
      while (front.stats().open < 3) await new Promise(setImmediate);
      const closed = front.close();
      clients[0]!.end();
      while (front.stats().open > 2) await new Promise(setImmediate);
      expect(await front.close({ gracePeriod: 0 })).toEqual({ ended: 1, destroyed: 2 });
      expect(await closed).toEqual({ ended: 1, destroyed: 2 });
    });
  });

  test('bad options are refused', async () => {
    const front = await fronts.open(net.createServer());
    await expect(front.close({ gracePeriod: -1 })).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
    await expect(front.close(5 as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await expect(front.close({ idlePeriod: 0.5 })).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
    await expect(front.close({ idlePeriod: '1' as never })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect(front.listening).toBe(true);
  });
});
