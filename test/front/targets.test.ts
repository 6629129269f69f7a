// Several servers behind one port: who gets a connection.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import nodeNet from 'node:net';
import tls from 'node:tls';
import * as net from 'uvnet';
import { proxyInfoOf, type Front, type Target } from 'uvnet/front';

import { nextEvent, nextTurn } from '../helpers/events';
import {
  FrontScope,
  echo,
  makeCertificate,
  portOfFront,
  proxyHeader,
  ssh,
  whole,
} from '../helpers/fronts';
import { describeNeeds, missingCommand } from '../helpers/needs';

const scope = new FrontScope();
afterEach(() => scope.dispose());

const request = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describeNeeds(missingCommand('openssl'))('servers of several protocols', () => {
  let credentials: ReturnType<typeof makeCertificate>;
  beforeAll(() => {
    credentials = makeCertificate();
  });

  function getOverTls(front: Front, options: tls.ConnectionOptions = {}): Promise<string> {
    const socket = scope.connect(front);
    const client = tls.connect({ socket, rejectUnauthorized: false, ...options });
    client.write(request);
    return whole(client);
  }

  async function getOverHttp2(front: Front, isSecure: boolean): Promise<string> {
    const socket = scope.connect(front);
    const session = http2.connect(isSecure ? 'https://localhost' : 'http://localhost', {
      createConnection: () =>
        isSecure
          ? tls.connect({ socket, ALPNProtocols: ['h2'], rejectUnauthorized: false })
          : socket,
    });
    const page = await whole(session.request({ ':path': '/a' }) as AsyncIterable<Buffer>);
    session.close();
    return page;
  }

  test('http, https, http2 and a function share a port, and no byte is missing', async () => {
    const plain = http.createServer(({ url }, response) => response.end(`plain ${url}`));
    const secure = https.createServer(credentials, ({ url }, response) => {
      response.end(`secure ${url}`);
    });
    const h2 = http2.createSecureServer(credentials, ({ url }, response) => {
      response.end(`h2 ${url}`);
    });
    const h2c = http2.createServer(({ url }, response) => response.end(`h2c ${url}`));
    const front = await scope.choosing(({ protocol, alpnProtocols }): Target => {
      if (protocol === 'tls') return alpnProtocols.includes('h2') ? h2 : secure;
      if (protocol === 'http2') return h2c;
      if (protocol === 'ssh') return (socket) => void socket.pipe(socket);
      return protocol === 'http1' ? plain : undefined;
    });
    for (let round = 0; round < 2; round++) {
      expect(await scope.talk(front, request)).toContain('plain /a');
      expect(await getOverTls(front)).toContain('secure /a');
      expect(await getOverHttp2(front, true)).toBe('h2 /a');
      expect(await getOverHttp2(front, false)).toBe('h2c /a');
      expect(await scope.talk(front, `${ssh}more`)).toBe(`${ssh}more`);
    }
    const drop = once(front, 'drop');
    expect(await scope.talk(front, '\x01')).toBe('');
    expect((await drop)[0]).toMatchObject({ reason: 'noTarget', remoteAddress: '127.0.0.1' });
    expect(front.stats()).toMatchObject({ accepted: 10, dropped: { noTarget: 1 } });
    for (const server of [plain, secure, h2, h2c]) {
      expect(server.address()).toEqual(front.address());
    }
    await front.close();
    for (const server of [plain, secure, h2, h2c]) expect(server.listening).toBe(false);
    expect(front.stats().open).toBe(0);
  });

  describeNeeds(missingCommand('curl'))('with curl', () => {
    test.each([
      ['--http1.1', 'https', 'https 1.1'],
      ['--http2', 'https', 'h2 2.0'],
      ['--http1.1', 'http', 'http 1.1'],
      ['--http2-prior-knowledge', 'http', 'h2c 2.0'],
    ])('curl %s gets %s', async (option, scheme, page) => {
      const named =
        (name: string) =>
        ({ httpVersion }: { httpVersion: string }, response: { end(text: string): unknown }) => {
          response.end(`${name} ${httpVersion}`);
        };
      const h2 = http2.createSecureServer(credentials, named('h2'));
      const h2c = http2.createServer(named('h2c'));
      const secure = https.createServer(credentials, named('https'));
      const plain = http.createServer(named('http'));
      const front = await scope.choosing(({ protocol, alpnProtocols }) => {
        if (protocol === 'tls') return alpnProtocols.includes('h2') ? h2 : secure;
        return protocol === 'http2' ? h2c : plain;
      });
      const child = spawn('curl', ['-sk', option, `${scheme}://127.0.0.1:${portOfFront(front)}/`]);
      const [answer] = await Promise.all([child.stdout.toArray(), once(child, 'close')]);
      expect(String(answer)).toBe(page);
    });
  });

  test('TLS is relayed by server name, and its bytes are unchanged', async () => {
    const server = (name: string): tls.Server =>
      tls.createServer(credentials, (socket) => {
        socket
          .on('error', () => {})
          .resume()
          .end(`${name} for ${String(socket.servername)}`);
      });
    const routes = new Map([
      ['a.example', await scope.serve(server('one'))],
      ['b.example', await scope.serve(server('two'))],
    ]);
    const front = await scope.choosing(({ serverName = '' }) => {
      const port = routes.get(serverName);
      return port === undefined ? undefined : { connect: { port, host: '127.0.0.1' } };
    });
    expect(await getOverTls(front, { servername: 'a.example' })).toBe('one for a.example');
    expect(await getOverTls(front, { servername: 'b.example' })).toBe('two for b.example');
    await expect(getOverTls(front, { servername: 'c.example' })).rejects.toThrow();
    expect(front.stats()).toMatchObject({ accepted: 2, dropped: { noTarget: 1 } });
    await front.close();
  });

  test('a TLS server knows the client of the PROXY header', async () => {
    const server = tls.createServer(credentials, (socket) => {
      socket.end(`${socket.remoteAddress} ${proxyInfoOf(socket)?.sourcePort}`);
    });
    const front = await scope.choosing(() => server, { proxyProtocol: 'required' });
    const socket = scope.connect(front);
    socket.write(proxyHeader);
    expect(await whole(tls.connect({ socket, rejectUnauthorized: false }))).toBe('192.0.2.1 1234');
  });
});

describe('a server of Node that is chosen', () => {
  test('listens from then on, and starts before its first connection', async () => {
    const server = echo();
    const events: string[] = [];
    server.on('listening', () => events.push('listening'));
    server.on(
      'connection',
      ({ constructor, server: own }: nodeNet.Socket & { server: unknown }) => {
        events.push(`connection ${constructor === nodeNet.Socket} ${own === server}`);
      },
    );
    const front = await scope.choosing(() => server);
    expect(server.listening).toBe(false);
    expect(await scope.talk(front, ssh)).toBe(ssh);
    expect(await scope.talk(front, ssh)).toBe(ssh);
    expect(events).toEqual(['listening', 'connection true true', 'connection true true']);
  });

  test('ends its idle connections when the front closes, as do all others', async () => {
    const [one, two] = [http.createServer(), http.createServer()];
    for (const server of [one, two]) {
      server.on('request', (_, response: http.ServerResponse) => response.end('hello'));
    }
    const front = await scope.choosing(({ protocol }) => (protocol === 'http1' ? one : two));
    const client = scope.connect(front);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(client, 'data');
    expect(await front.close()).toEqual({ ended: 1, destroyed: 0 });
  });

  test('gets no more connections once it is closed, and the front goes on', async () => {
    const [closed, other] = [echo(), echo()];
    const front = await scope.choosing(({ protocol }) => (protocol === 'ssh' ? closed : other));
    expect(await scope.talk(front, ssh)).toBe(ssh);
    closed.close();
    expect(await scope.talk(front, ssh)).toBe('');
    expect(await scope.talk(front, request)).toBe(request);
    expect(closed.listening).toBe(false);
    expect(front.stats()).toMatchObject({ accepted: 2, dropped: { noTarget: 1 } });
  });

  test('may listen by itself, and go on when the front closes', async () => {
    const server = echo();
    const port = await scope.serve(server);
    const front = await scope.choosing(() => server);
    expect(await scope.talk(front, ssh)).toBe(ssh);
    await front.close();
    expect(server.listening).toBe(true);
    expect(port).toBe((server.address() as nodeNet.AddressInfo).port);
  });

  test('that listens by itself keeps nothing of a front that has closed', async () => {
    const server = echo();
    await scope.serve(server);
    const before = server.listenerCount('close');
    for (let i = 0; i < 2; i++) {
      const front = await scope.choosing(() => server);
      expect(await scope.talk(front, ssh)).toBe(ssh);
      await front.close();
      expect(server.listenerCount('close')).toBe(before);
    }
  });

  test('is chosen again after the front was closed and listens again', async () => {
    const server = echo();
    const front = await scope.choosing(() => server);
    expect(await scope.talk(front, ssh)).toBe(ssh);
    await front.close();
    await scope.listen(front);
    expect(await scope.talk(front, ssh)).toBe(ssh);
  });

  test('has the settings of the front', async () => {
    const server = nodeNet.createServer({ highWaterMark: 5 });
    const front = await scope.choosing(() => server, { highWaterMark: 1000, allowHalfOpen: true });
    const client = scope.connect(front);
    client.write(ssh);
    const [socket] = (await once(server, 'connection')) as [nodeNet.Socket];
    expect(socket.readableHighWaterMark).toBe(1000);
    expect(socket.allowHalfOpen).toBe(true);
    socket.destroy();
  });
});

describe('uvnet behind a front', () => {
  test('a server of uvnet gets sockets of uvnet, and counts them', async () => {
    const server = net.createServer((socket) => {
      server.getConnections((_, count) => {
        socket.resume().end(`${socket instanceof net.Socket} ${count} ${socket.remoteAddress}`);
      });
    });
    const front = await scope.choosing(() => server, { proxyProtocol: 'required' });
    expect(await scope.talk(front, `${proxyHeader}${ssh}`)).toBe('true 1 192.0.2.1');
    expect(server.address()).toEqual(front.address());
    expect(server.listening).toBe(true);
    await front.close();
    expect(server.listening).toBe(false);
    expect(front.stats()).toMatchObject({ accepted: 1, open: 0 });
  });

  test('the limits of a uvnet server that are known to it go on working', async () => {
    const blockList = new net.BlockList();
    blockList.addAddress('127.0.0.1');
    const blocking = net.createServer({ blockList }, () => expect(false).toBe(true));
    const full = net.createServer(() => expect(false).toBe(true));
    full.maxConnections = 0;
    const front = await scope.choosing(({ protocol }) => (protocol === 'ssh' ? blocking : full));
    expect(await scope.talk(front, ssh)).toBe('');
    const dropped = once(full, 'drop');
    expect(await scope.talk(front, request)).toBe('');
    expect((await dropped)[0]).toMatchObject({ reason: 'maxConnections' });
    expect(front.stats()).toMatchObject({ open: 0, dropped: { blockList: 1 } });
  });

  test('a function gets a socket with the settings of the front', async () => {
    const front = await scope.choosing(
      () => (socket) => {
        const { readableHighWaterMark, allowHalfOpen, proxyInfo } = socket;
        socket.end(JSON.stringify([readableHighWaterMark, allowHalfOpen, proxyInfo?.version]));
      },
      { highWaterMark: 1000, allowHalfOpen: true, noDelay: true, proxyProtocol: 'required' },
    );
    expect(await scope.talk(front, `${proxyHeader}${ssh}`)).toBe('[1000,true,1]');
  });

  test('the socket of a function can become a connection of a handler table', async () => {
    const front = await scope.choosing(() => (socket) => {
      socket.toLean({ data: (connection, bytes) => void connection.write(bytes) });
    });
    const client = scope.connect(front);
    client.write(ssh);
    expect(String((await once(client, 'data'))[0])).toBe(ssh);
    expect(front.stats()).toMatchObject({ open: 1, bytesRead: 11, bytesWritten: 11 });
    client.end();
    await nextEvent(client, 'close');
    while (front.stats().open > 0) await nextTurn();
  });

  test('bytes that were read in search of a PROXY header come first, and count', async () => {
    const front = await scope.choosing(() => (socket) => void socket.pipe(socket), {
      proxyProtocol: 'optional',
    });
    const client = scope.connect(front);
    client.write('PRO');
    while (front.stats().open === 0) await nextTurn();
    client.end('BLEM / HTTP/1.1\r\n');
    expect(await whole(client)).toBe('PROBLEM / HTTP/1.1\r\n');
    expect(front.stats()).toMatchObject({ bytesRead: 20, bytesWritten: 20 });
  });

  test('close() waits for its sockets, and destroys them after the grace period', async () => {
    const sockets: net.Socket[] = [];
    const front = await scope.choosing(() => (socket) => void sockets.push(socket));
    const clients = [scope.connect(front), scope.connect(front)];
    for (const [index, client] of clients.entries()) {
      client.write(ssh);
      while (sockets.length <= index) await nextTurn();
    }
    const slow = front.close();
    const closed = nextEvent(clients[0]!.resume(), 'close');
    sockets[0]!.destroy();
    await closed;
    while (front.stats().open > 1) await nextTurn();
    expect(await front.close({ gracePeriod: 0 })).toEqual({ ended: 1, destroyed: 1 });
    expect(await slow).toEqual({ ended: 1, destroyed: 1 });
    expect(sockets[1]!.destroyed).toBe(true);
  });
});
