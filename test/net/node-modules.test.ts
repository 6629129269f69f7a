// Node's own protocols over the sockets: tls, http and http2, each as server and as client. They
// use Node's sockets natively and any other socket as a stream; toNode() converts to the former.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import nodeNet, { type Server, type Socket } from 'node:net';
import tls from 'node:tls';

import { deferred, nextEvent, nextTurn, traceEvents } from '../helpers/events';
import { implementations, nodeAtLeast, nodeSince, type Net } from '../helpers/implementations';
import { endpointOf, Scope, transports } from '../helpers/scope';
import { readAll, readBytes } from '../helpers/streams';

interface Way {
  net: Net;
  scope: Scope;
  /** The socket for Node. */
  give: (socket: Socket) => Socket;
  /** Whether Node uses it natively. */
  isNative: boolean;
}

/** `describe` for node:net, for uvnet, and for sockets from toNode(). */
function describeWays(topic: string, body: (way: Way) => void): void {
  for (const { name, net, isUvnet } of implementations) {
    for (const moves of isUvnet ? [false, true] : [false]) {
      describe(`${topic} (${name}${moves ? ', toNode()' : ''})`, () => {
        const scope = new Scope(net);
        afterEach(() => scope.dispose());
        const give = (socket: Socket): Socket =>
          moves ? scope.track((socket as Socket & { toNode(): Socket }).toNode()) : socket;
        body({ net, scope, give, isNative: !isUvnet || moves });
      });
    }
  }
}

const KEY = Buffer.from('0123456789abcdef');
/** A shared key, so that no certificate has to be made or can expire. */
const CIPHERS = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

const secureServer = (): tls.Server => tls.createServer({ ...CIPHERS, pskCallback: () => KEY });

const secureClient = (socket: Socket): tls.TLSSocket =>
  tls.connect({
    ...CIPHERS,
    socket,
    pskCallback: () => ({ identity: 'test', psk: KEY }),
    checkServerIdentity: () => undefined,
  });

const big = Buffer.alloc(3 * 1024 * 1024, 'a long text that is no multiple of anything; ');

describeWays('tls', ({ scope, net, give, isNative }) => {
  /** Both ends of a TLS connection and the underlying sockets. */
  async function securePair(transport: (typeof transports)[number] = 'tcp'): Promise<{
    client: tls.TLSSocket;
    peer: tls.TLSSocket;
    lower: { client: Socket; peer: Socket };
  }> {
    const plain = await scope.pair({ transport });
    const lower = { client: give(plain.client), peer: give(plain.peer) };
    const server = secureServer();
    const secured = nextEvent(server, 'secureConnection');
    server.emit('connection', lower.peer);
    const client = secureClient(lower.client);
    const [[peer]] = (await Promise.all([secured, nextEvent(client, 'secureConnect')])) as [
      [tls.TLSSocket],
      unknown,
    ];
    return { client, peer, lower };
  }

  test.each(transports)('megabytes pass both ways at once, over %s', async (transport) => {
    const { client, peer } = await securePair(transport);
    const [atPeer, atClient] = [readAll(peer), readAll(client)];
    const reply = Buffer.from(big).reverse();
    client.end(big);
    peer.end(reply);
    expect((await atPeer).equals(big)).toBe(true);
    expect((await atClient).equals(reply)).toBe(true);
  });

  test('a TLS socket may be made before the socket below is connected', async () => {
    const server = await scope.listen(
      scope.server((socket) => secure.emit('connection', give(socket))),
    );
    const secure = secureServer().on('secureConnection', (peer) => peer.end('hello'));
    const client = secureClient(scope.connect(endpointOf(server)));
    expect((await readAll(client)).toString()).toBe('hello');
  });

  test('a socket that does not connect yet can be passed to tls.connect()', async () => {
    const socket = scope.track(new net.Socket());
    const client = secureClient(socket);
    if (socket.constructor !== nodeNet.Socket) {
      const [error] = await nextEvent(client, 'error');
      expect(error).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
      return;
    }
    const server = await scope.listen(scope.server((peer) => secure.emit('connection', peer)));
    const secure = secureServer().on('secureConnection', (peer) => peer.end('hello'));
    socket.connect(endpointOf(server));
    expect((await readAll(client)).toString()).toBe('hello');
  });

  test('a plain conversation may come first (STARTTLS)', async () => {
    const { client, peer } = await scope.pair();
    const server = secureServer().on('secureConnection', (secure) => secure.pipe(secure));
    peer.once('data', (line) => {
      expect(line.toString()).toBe('STARTTLS\n');
      peer.write('go\n');
      server.emit('connection', give(peer));
    });
    client.write('STARTTLS\n');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('go\n');
    const secure = secureClient(give(client));
    secure.end('echo');
    expect((await readAll(secure)).toString()).toBe('echo');
  });

  test('an end closes both sides and the underlying sockets without an error', async () => {
    const { client, peer, lower } = await securePair();
    const all = [client, peer, lower.client, lower.peer];
    const closed = Promise.all(all.map((each) => nextEvent(each, 'close')));
    peer.resume();
    client.resume().end();
    expect(await closed).toEqual([[false], [false], [false], [false]]);
  });

  test('a reset of the underlying socket is one error of the TLS socket', async () => {
    const { client, peer, lower } = await securePair();
    const log: string[] = [];
    traceEvents(log, client, '', new Set(['error', 'close']));
    client.on('error', () => {});
    peer.on('error', () => {});
    client.resume();
    const closed = nextEvent(client, 'close');
    lower.peer.resetAndDestroy();
    await closed;
    expect(log).toEqual(['error ECONNRESET', `close ${isNative}`]);
  });

  test('destroy() of the TLS socket closes the underlying socket', async () => {
    const { client, lower } = await securePair();
    const closed = Promise.all(
      [lower.client, lower.peer].map((each) => nextEvent(each.resume(), 'close')),
    );
    client.destroy();
    await closed;
    expect([lower.client.destroyed, lower.peer.destroyed]).toEqual([true, true]);
  });

  test('the TLS socket has the addresses and options of the connection', async () => {
    const { client, lower } = await securePair();
    const { remoteAddress, remotePort } = lower.client;
    expect([remoteAddress, remotePort]).toEqual(['127.0.0.1', expect.any(Number)]);
    expect([client.remoteAddress, client.remotePort]).toEqual(
      isNative ? [remoteAddress, remotePort] : [undefined, undefined],
    );
    expect(client.setNoDelay(true).setKeepAlive(true, 1000)).toBe(client);
  });

  test('bytes that the peer does not read stay with the writer', async () => {
    const { client, peer } = await securePair();
    let taken = 0;
    while (client.write(big)) taken += 1;
    expect(taken).toBeLessThan(20);
    const wanted = (taken + 1) * big.length;
    const drained = nextEvent(client, 'drain');
    expect((await readBytes(peer, wanted)).length).toBe(wanted);
    await drained;
  });
});

describeWays('http', ({ scope, give }) => {
  /** An Agent that keeps connections to the server. */
  function agentFor(server: Server): http.Agent {
    const agent = new http.Agent({ keepAlive: true });
    agent.createConnection = (_, done) => {
      const socket = scope.connect(endpointOf(server), () => done!(null, give(socket)));
      return undefined as never;
    };
    return agent;
  }

  /** A listening server whose connections `http` handles. */
  async function serve(listener: http.RequestListener): Promise<{
    web: http.Server;
    server: Server;
    connections: Socket[];
    ask: (options?: http.RequestOptions) => http.ClientRequest;
    agent: http.Agent;
  }> {
    const web = http.createServer(listener);
    const connections: Socket[] = [];
    const server = scope.server((socket) => {
      const given = give(socket);
      connections.push(given);
      web.emit('connection', given);
    });
    await scope.listen(server);
    const agent = agentFor(server);
    return {
      web,
      server,
      connections,
      agent,
      ask: (options) => http.request({ agent, ...options }),
    };
  }

  test('consecutive requests share a connection', async () => {
    const { ask, agent, connections } = await serve((request, response) => {
      void readAll(request).then((body) => response.end(`${request.method} ${body.length}`));
    });
    for (const size of [0, 1, big.length]) {
      const request = ask({ method: 'POST' });
      request.end(big.subarray(0, size));
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      expect((await readAll(response)).toString()).toBe(`POST ${size}`);
    }
    expect(connections).toHaveLength(1);
    agent.destroy();
  });

  test('a long answer reaches a slow reader through a pipe', async () => {
    const { ask, agent } = await serve((_, response) => {
      response.write(big);
      response.end(big);
    });
    const [response] = (await once(ask().end(), 'response')) as [http.IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      await nextTurn();
    }
    expect(Buffer.concat(chunks).equals(Buffer.concat([big, big]))).toBe(true);
    agent.destroy();
  });

  test('requests in one chunk are answered in their order', async () => {
    const { server } = await serve((request, response) => response.end(request.url));
    const client = scope.connect(endpointOf(server));
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const last = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('') + last);
    const text = (await readAll(client)).toString();
    expect(text.split(/HTTP[^]*?\r\n\r\n/)).toEqual(['', ...paths, '/last']);
  });

  test('an upgrade passes on the socket with the following bytes', async () => {
    const { web, ask, agent } = await serve(() => {});
    web.on('upgrade', (_, socket: Socket, head: Buffer) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n',
      );
      socket.write(head);
      socket.pipe(socket);
    });
    const request = ask({ headers: { connection: 'upgrade', upgrade: 'echo' } });
    request.end();
    const [, socket, head] = (await once(request, 'upgrade')) as [unknown, Socket, Buffer];
    expect(head.length).toBe(0);
    socket.end('over and over');
    expect((await readAll(socket)).toString()).toBe('over and over');
    agent.destroy();
  });

  test('a client that goes away aborts its request, and the server lives', async () => {
    const aborted = deferred<unknown>();
    const { ask, agent, connections } = await serve((request, response) => {
      if (request.url === '/again') {
        response.end('here');
        return;
      }
      request.on('error', aborted.resolve);
      request.once('data', () => connections[0]!.emit('part'));
    });
    const request = ask({ method: 'POST', headers: { 'content-length': 100 } });
    request.on('error', () => {});
    request.write('part');
    const [client] = (await once(request, 'socket')) as [Socket];
    while (connections.length === 0) await nextTurn();
    await nextEvent(connections[0]!, 'part');
    client.resetAndDestroy();
    expect(await aborted.promise).toMatchObject({ code: 'ECONNRESET' });
    const again = ask({ path: '/again' }).end();
    const [response] = (await once(again, 'response')) as [http.IncomingMessage];
    expect((await readAll(response)).toString()).toBe('here');
    agent.destroy();
  });

  test('an idle connection ends by the timeout of the server', async () => {
    const { web, ask, agent, connections } = await serve((_, response) => response.end());
    web.keepAliveTimeout = 10;
    const [response] = (await once(ask().end(), 'response')) as [http.IncomingMessage];
    await readAll(response);
    const [socket] = connections as [Socket];
    if (!socket.destroyed) await nextEvent(socket, 'close');
    expect(socket.destroyed).toBe(true);
    agent.destroy();
  });

  describe('unexpected data to an Agent that keeps the connection', () => {
    const answer = (text: string): string =>
      `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

    /** A first request is done and its connection waits for the next. */
    async function keep(): Promise<{ ask: () => Promise<string>; kept: Socket; peer: Socket }> {
      const server = await scope.listen(
        scope.server((socket) => {
          socket.on('data', () => socket.write(answer('right')));
          // From an end that closes with bytes unread.
          socket.on('error', () => {});
        }),
      );
      const agent = agentFor(server);
      const ask = async (): Promise<string> => {
        const [response] = (await once(http.get({ agent }), 'response')) as [http.IncomingMessage];
        return (await readAll(response)).toString();
      };
      const free = nextEvent(agent, 'free');
      const accepted = nextEvent(server, 'connection');
      expect(await ask()).toBe('right');
      const [[kept], [peer]] = (await Promise.all([free, accepted])) as [[Socket], [Socket]];
      return { ask, kept, peer };
    }

    const guarded = nodeSince('22.23', '24.17', '26.3.1') ? test : test.skip;
    guarded('that has arrived ends the connection [Node 22.23, 24.17, 26.3.1]', async () => {
      const { ask, kept, peer } = await keep();
      const closed = nextEvent(kept, 'close');
      peer.write(answer('wrong'));
      await closed;
      expect(await ask()).toBe('right');
    });

    const looking = nodeAtLeast(26, 12) ? test : test.skip;
    looking('that waits in the kernel is not given to the next [Node 26.12]', async () => {
      const { ask, kept, peer } = await keep();
      // With a callback it is sent at once.
      peer.write(answer('wrong'), () => {});
      expect(await ask()).toBe('right');
      expect(kept.destroyed).toBe(true);
    });

    guarded(
      'that never comes leaves the connection for the next [Node 22.23, 24.17, 26.3.1]',
      async () => {
        const { ask, kept } = await keep();
        expect(await ask()).toBe('right');
        expect(kept.destroyed).toBe(false);
      },
    );
  });
});

test('sockets that http itself makes are those of node:net', async () => {
  const web = http.createServer((request, response) => response.end());
  const sockets: unknown[] = [];
  web.on('connection', (socket) => sockets.push(socket));
  await once(web.listen(0, '127.0.0.1'), 'listening');
  const request = http.get({ port: (web.address() as nodeNet.AddressInfo).port, agent: false });
  const [socket] = (await once(request, 'socket')) as [Socket];
  await once(request, 'response');
  expect([socket, ...sockets].map((each) => (each as object).constructor)).toEqual([
    nodeNet.Socket,
    nodeNet.Socket,
  ]);
  web.closeAllConnections();
  web.close();
});

describeWays('http2', ({ scope, give }) => {
  test('streams on one connection carry megabytes both ways', async () => {
    const web = http2.createServer({ maxSessionMemory: 100 }, (request, response) =>
      request.pipe(response.stream),
    );
    // Node switches Nagle's algorithm off for its own sockets only.
    const server = scope.server({ noDelay: true }, (socket) =>
      web.emit('connection', give(socket)),
    );
    await scope.listen(server);
    const client = scope.connect({ ...endpointOf(server), noDelay: true });
    await nextEvent(client, 'connect');
    const session = http2.connect('http://localhost', {
      createConnection: () => give(client),
      maxSessionMemory: 100,
    });
    const echoes = Array.from({ length: 5 }, async (_, i) => {
      const stream = session.request({ ':method': 'POST', ':path': `/${i}` });
      stream.end(big.subarray(i));
      return (await readAll(stream)).equals(big.subarray(i));
    });
    expect(await Promise.all(echoes)).toEqual([true, true, true, true, true]);
    const closed = nextEvent(session, 'close');
    session.close();
    await closed;
    web.close();
  });
});
