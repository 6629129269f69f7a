// A front gives Node's own servers the connections that uvnet's listener lets in.
import { spawn } from 'node:child_process';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { createFront, proxyInfoOf } from 'uvnet/front';
import * as uvnet from 'uvnet';

import {
  FrontScope,
  echo,
  get,
  makeCertificate,
  portOfFront,
  proxyHeader,
  runProgram,
  ssh,
} from '../helpers/fronts';
import { describeNeeds, missingCommand } from '../helpers/needs';

const fronts = new FrontScope();
afterEach(() => fronts.dispose());

describe('the servers behind a front', () => {
  test('an http server answers through its front, and listens as long as it', async () => {
    const server = http.createServer((request, response) => {
      response.end(`${request.url} ${request.socket.constructor === net.Socket}`);
    });
    const front = await fronts.open(server);
    expect(server.listening).toBe(true);
    expect(server.address()).toEqual(front.address());
    const agent = new http.Agent({ keepAlive: true });
    expect(await get(portOfFront(front), agent)).toBe('/path true');
    expect(front.stats()).toMatchObject({ accepted: 1, open: 1 });
    expect(front.stats().bytesRead).toBeGreaterThan(0);
    expect(await front.close()).toEqual({ ended: 1, destroyed: 0 });
    expect(server.listening).toBe(false);
    expect(front.stats()).toMatchObject({ accepted: 1, open: 0 });
    agent.destroy();
  });

  test('the sockets are those that the server makes by its own listen()', async () => {
    const server = net.createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true });
    const front = await fronts.open(server, { highWaterMark: 1000 });
    const client = net.connect(portOfFront(front), '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [net.Socket & { server: net.Server }];
    expect(socket.constructor).toBe(net.Socket);
    expect(socket.server).toBe(server);
    expect(socket.isPaused()).toBe(true);
    expect(socket.allowHalfOpen).toBe(true);
    expect(socket.readableHighWaterMark).toBe(1000);
    const count = await new Promise((resolve) => {
      server.getConnections((_, connections) => resolve(connections));
    });
    expect(count).toBe(1);
    client.destroy();
    socket.destroy();
    await once(client, 'close');
  });

  test('server.maxConnections and the event drop of the server go on working', async () => {
    const server = net.createServer();
    server.maxConnections = 1;
    const front = await fronts.open(server);
    const connected = once(server, 'connection');
    const first = fronts.connect(front);
    await connected;
    const dropped = once(server, 'drop');
    await fronts.talk(front, '');
    await dropped;
    expect(front.stats().open).toBe(1);
    first.destroy();
  });

  test('what a listener of connection throws is an uncaught exception, and the front goes on', async () => {
    const program = `
      const net = require('node:net');
      const { createFront } = require(${JSON.stringify(require.resolve('../../dist/front.js'))});
      const server = net.createServer((socket) => { socket.end(); throw new Error('thrown'); });
      const front = createFront(server).listen(0, '127.0.0.1', () => {
        net.connect(front.address().port, '127.0.0.1').resume().on('close', again);
      });
      let times = 0;
      process.on('uncaughtException', (error) => console.log(error.message));
      function again() {
        if (++times === 2) front.close({ gracePeriod: 0 });
        else net.connect(front.address().port, '127.0.0.1').resume().on('close', again);
      }`;
    expect(await runProgram(program)).toBe('thrown\nthrown\n');
  });

  test('a Unix socket has its mode, and its path is the address of both', async () => {
    const path = `/tmp/uvnet-front-${process.pid}.sock`;
    const server = net.createServer((socket) => socket.end('hello'));
    const front = await fronts.open(server, {}, { path, mode: 0o600, replaceStale: true });
    expect(server.address()).toBe(path);
    expect(await fronts.talk(front, '')).toBe('hello');
    await front.close();
    expect(server.listening).toBe(false);
  });

  test('a server listens by two fronts, and closes with the second', async () => {
    const server = net.createServer((socket) => socket.end('hello'));
    const first = await fronts.open(server);
    const second = await fronts.open(server);
    await first.close();
    expect(server.listening).toBe(true);
    expect(await fronts.talk(second, '')).toBe('hello');
    await second.close();
    expect(server.listening).toBe(false);
  });

  test('a server that listens by itself goes on listening when its front closes', async () => {
    const server = net.createServer((socket) => socket.end('hello'));
    await fronts.serve(server);
    const front = await fronts.open(server);
    expect(await fronts.talk(front, '')).toBe('hello');
    await front.close();
    expect(server.listening).toBe(true);
  });

  test('anything but a server of Node is refused', () => {
    expect(() => createFront({} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    for (const own of [uvnet.createServer(), createFront(net.createServer())]) {
      expect(() => createFront(own as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
      );
    }
    expect(() => createFront(net.createServer(), { acceptRate: 5 as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(() => createFront(net.createServer(), { receiveDescriptors: true } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    );
  });
});

describeNeeds(missingCommand('openssl'))('TLS behind a front', () => {
  let credentials: ReturnType<typeof makeCertificate>;
  beforeAll(() => {
    credentials = makeCertificate();
  });

  test('an https server learns the client from the PROXY header', async () => {
    const server = https.createServer(credentials, ({ socket }, response) => {
      const { remoteAddress, remotePort, remoteFamily, localAddress, localPort } = socket;
      const { sourceAddress, version } = proxyInfoOf(socket)!;
      const names = [remoteAddress, remotePort, remoteFamily, localAddress, localPort];
      response.end(JSON.stringify([...names, sourceAddress, version]));
    });
    const front = await fronts.open(server, { proxyProtocol: 'required' });
    const socket = net.connect(portOfFront(front), '127.0.0.1');
    socket.write(proxyHeader);
    const request = https.get({
      createConnection: () => tls.connect({ socket, rejectUnauthorized: false }),
    });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(JSON.parse(String(await answer.toArray()))).toEqual([
      ...['192.0.2.1', 1234, 'IPv4', '198.51.100.1', 443],
      ...['192.0.2.1', 1],
    ]);
    socket.destroy();
  });

  test('an http2 session gets GOAWAY when the front closes, and its stream an answer', async () => {
    const server = http2.createSecureServer(credentials);
    const front = await fronts.open(server);
    const client = http2.connect(`https://127.0.0.1:${portOfFront(front)}`, {
      rejectUnauthorized: false,
    });
    const stream = client.request();
    const [serverStream] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
    const away = once(client, 'goaway');
    const closed = front.close({ gracePeriod: 60_000 });
    await away;
    serverStream.end('late');
    expect(String(await stream.toArray())).toBe('late');
    expect(await closed).toEqual({ ended: 1, destroyed: 0 });
  });

  test('a tls server emits secureConnection with a socket that knows its client, also when it has closed', async () => {
    const server = tls.createServer(credentials);
    const front = await fronts.open(server, { proxyProtocol: 'required' });
    const connected = once(server, 'secureConnection');
    const socket = fronts.connect(front);
    socket.write(proxyHeader);
    tls.connect({ socket, rejectUnauthorized: false }).on('error', () => {});
    const [accepted] = (await connected) as [tls.TLSSocket];
    const { remoteAddress, remotePort, remoteFamily } = accepted;
    expect([remoteAddress, remotePort, remoteFamily]).toEqual(['192.0.2.1', 1234, 'IPv4']);
    const { localAddress, localPort, localFamily } = accepted;
    expect([localAddress, localPort, localFamily]).toEqual(['198.51.100.1', 443, 'IPv4']);
    expect(accepted.address()).toEqual({ address: '198.51.100.1', port: 443, family: 'IPv4' });
    expect(proxyInfoOf(accepted)).toMatchObject({ peerAddress: '127.0.0.1', sourcePort: 1234 });
    accepted.destroy();
    await once(accepted, 'close');
    expect(proxyInfoOf(accepted)).toMatchObject({ peerAddress: '127.0.0.1', sourcePort: 1234 });
  });

  test.each(['over TLS', 'without TLS'])(
    'a request over http2 knows its client (%s)',
    async (kind) => {
      const isSecure = kind === 'over TLS';
      const server = isSecure ? http2.createSecureServer(credentials) : http2.createServer();
      server.on('request', (request: http2.Http2ServerRequest, response) => {
        const { socket, stream } = request;
        const { remoteAddress, localPort } = socket;
        const infos = [proxyInfoOf(socket), proxyInfoOf(stream.session!.socket)];
        const ports = infos.map((info) => info?.sourcePort);
        (response as http2.Http2ServerResponse).end(
          JSON.stringify([remoteAddress, localPort, ...ports]),
        );
      });
      const front = await fronts.open(server, { proxyProtocol: 'required' });
      const client = http2.connect('http://localhost', {
        createConnection: () => {
          const socket = fronts.connect(front);
          socket.write(proxyHeader);
          const options = { socket, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
          return isSecure ? tls.connect(options) : socket;
        },
      });
      const page = String(await client.request().toArray());
      expect(JSON.parse(page)).toEqual(['192.0.2.1', 443, 1234, 1234]);
      client.close();
    },
  );

  describeNeeds(missingCommand('curl'))('other clients', () => {
    test.each(['--http1.1', '--http2'])('curl %s gets its page', async (version) => {
      const server = http2.createSecureServer(
        { ...credentials, allowHTTP1: true },
        (request, response) => response.end(request.httpVersion),
      );
      const front = await fronts.open(server);
      const child = spawn('curl', ['-sk', version, `https://127.0.0.1:${portOfFront(front)}/`]);
      const [page] = await Promise.all([child.stdout.toArray(), once(child, 'close')]);
      expect(String(page)).toBe(version === '--http2' ? '2.0' : '1.1');
    });

    test('openssl s_client shakes hands', async () => {
      const server = tls.createServer(credentials, (socket) => socket.end('hello\n'));
      const front = await fronts.open(server);
      const address = `127.0.0.1:${portOfFront(front)}`;
      const child = spawn('openssl', ['s_client', '-quiet', '-connect', address]);
      const [page] = await Promise.all([child.stdout.toArray(), once(child, 'close')]);
      expect(String(page)).toBe('hello\n');
    });
  });
});

describe('the filters of a front', () => {
  test('a blocked address never reaches the server, and drop says why', async () => {
    let reached = 0;
    const server = net.createServer(() => reached++);
    const blockList = new uvnet.BlockList();
    blockList.addSubnet('127.0.0.0', 8);
    const front = await fronts.open(server, { blockList });
    const dropped = once(front, 'drop');
    await fronts.talk(front, '');
    const [drop] = (await dropped) as [{ reason: string }];
    expect(drop.reason).toBe('blockList');
    expect(front.stats()).toMatchObject({ accepted: 0, open: 0, dropped: { blockList: 1 } });
    expect(reached).toBe(0);
  });

  test('a list of node:net is asked for the client of the PROXY header', async () => {
    let reached = 0;
    const server = net.createServer((socket) => {
      reached++;
      socket.end('hello');
    });
    const blockList = new net.BlockList();
    blockList.addAddress('192.0.2.1');
    const front = await fronts.open(server, { blockList, proxyProtocol: 'required' });
    expect(await fronts.talk(front, proxyHeader)).toBe('');
    expect(await fronts.talk(front, proxyHeader.replace('192.0.2.1', '192.0.2.2'))).toBe('hello');
    expect(reached).toBe(1);
    expect(front.stats().open).toBe(0);
  });

  test('a limit per address counts connections until they close', async () => {
    const server = net.createServer((socket) => socket.resume());
    const front = await fronts.open(server, { maxConnectionsPerAddress: 1 });
    const connected = once(server, 'connection');
    const first = fronts.connect(front);
    await connected;
    const dropped = once(front, 'drop');
    await fronts.talk(front, '');
    expect(((await dropped) as [{ reason: string }])[0].reason).toBe('maxConnectionsPerAddress');
    first.destroy();
    while (front.stats().open > 0) await new Promise(setImmediate);
    const again = once(server, 'connection');
    const third = fronts.connect(front);
    await again;
    third.destroy();
  });

  test.each(['a server', 'a function'])(
    'maxConnections holds as an option and as a property (%s)',
    async (kind) => {
      const server = echo();
      const options = { maxConnections: 1, sniff: kind === 'a function' };
      const front = await fronts.open(options.sniff ? () => server : server, options);
      const first = fronts.connect(front);
      first.write(ssh);
      await once(first, 'data');
      expect(await fronts.talk(front, ssh)).toBe('');
      front.maxConnections = 2;
      expect(await fronts.talk(front, ssh)).toBe(ssh);
      expect(front.stats()).toMatchObject({ accepted: 2, dropped: { maxConnections: 1 } });
      const negative = { maxConnections: -1 };
      expect(() => createFront(server, negative)).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      );
    },
  );

  test('what was read in search of an optional header is the first that http reads', async () => {
    const server = http.createServer((request, response) => {
      response.end(`${request.method} ${request.url}`);
    });
    const front = await fronts.open(server, { proxyProtocol: 'optional' });
    const client = net.connect(portOfFront(front), '127.0.0.1');
    const connection = once(server, 'connection');
    client.setNoDelay(true).write('P');
    await once(client, 'connect');
    while (front.stats().open === 0) await new Promise(setImmediate);
    client.write('UT /path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await connection;
    expect(String(await client.toArray())).toContain('PUT /path');
    expect(server.listenerCount('connection')).toBe(1);
  });

  test('a connection that sends nothing in time is destroyed, or reported', async () => {
    const server = net.createServer((socket) => socket.on('error', () => {}));
    const front = await fronts.open(server, { connectionAttemptTimeout: 20 });
    const connected = once(server, 'connection');
    const silent = fronts.connect(front).resume();
    const [lost] = (await connected) as [net.Socket];
    await once(silent, 'close');
    expect([lost.destroyed, lost.bytesRead]).toEqual([true, 0]);
    const reported = once(front, 'connectionAttemptTimeout');
    fronts.connect(front);
    const [kept] = (await reported) as [net.Socket];
    expect([kept.constructor, kept.destroyed]).toEqual([net.Socket, false]);
  });
});

describe('what a socket begins with', () => {
  test('bytes that only look like the start of a PROXY header reach the server', async () => {
    const server = echo();
    const front = await fronts.open(server, { proxyProtocol: 'optional' });
    const client = net.connect(portOfFront(front), '127.0.0.1').setEncoding('utf8');
    client.write('PRO');
    // The front has read them, and waits for more.
    while (front.stats().open === 0) await new Promise(setImmediate);
    client.end('BLEM');
    expect((await client.toArray()).join('')).toBe('PROBLEM');
    expect(front.stats()).toMatchObject({ bytesRead: 7, bytesWritten: 7 });
    await front.close();
  });

  test.each(['node:net', 'a front'])(
    'the context of listen() holds for the server and not for its sockets (%s)',
    async (listener) => {
      const storage = new AsyncLocalStorage<string>();
      const seen: (string | undefined)[] = [];
      const server = net.createServer((socket) => {
        seen.push(storage.getStore());
        socket.on('data', () => {
          seen.push(storage.getStore());
          socket.end();
        });
      });
      const front = listener === 'a front' ? createFront(server) : server;
      storage.run('listen', () => front.listen(0, '127.0.0.1'));
      await once(front, 'listening');
      const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
      client.write('x');
      await once(client.resume(), 'close');
      expect(seen).toEqual(['listen', undefined]);
      await Promise.resolve(front.close());
    },
  );
});
