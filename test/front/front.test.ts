// A front gives Node's own servers the connections that uvnet's listener lets in.
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { createFront, type Front } from 'uvnet/front';

/** A front of a server, which listens on a free port. */
async function open(
  server: net.Server,
  options?: Parameters<typeof createFront>[1],
): Promise<Front> {
  const front = createFront(server, options);
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  return front;
}

const portOf = (front: Front): number => (front.address() as net.AddressInfo).port;

describe('createFront()', () => {
  test('an http server answers through its front, and closes with it', async () => {
    const server = http.createServer((request, response) => {
      response.end(`${request.url} ${request.socket.constructor === net.Socket}`);
    });
    const front = await open(server);
    expect(server.listening).toBe(true);
    expect(server.address()).toEqual(front.address());
    const agent = new http.Agent({ keepAlive: true });
    const request = http.get({ port: portOf(front), path: '/path', agent });
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    expect(String(await answer.toArray())).toBe('/path true');
    expect(front.stats()).toMatchObject({ accepted: 1, open: 1 });
    const { ended, destroyed } = await front.close({ gracePeriod: 10_000 });
    expect({ ended, destroyed }).toEqual({ ended: 1, destroyed: 0 });
    expect(server.listening).toBe(false);
    expect(front.stats()).toMatchObject({ accepted: 1, open: 0 });
  });

  test('the names of the socket are those of the PROXY header', async () => {
    const server = net.createServer((socket) => {
      socket.end(`${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`);
    });
    const front = await open(server, { proxyProtocol: 'required' });
    const client = net.connect(portOf(front), '127.0.0.1');
    client.end('PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n');
    const [chunk] = (await once(client, 'data')) as [Buffer];
    expect(String(chunk)).toBe('192.0.2.1 1234 443');
    await front.close({ gracePeriod: 0 });
  });

  test('bytes that only look like the start of a PROXY header reach the server', async () => {
    const server = net.createServer((socket) => socket.pipe(socket));
    const front = await open(server, { proxyProtocol: 'optional' });
    const client = net.connect(portOf(front), '127.0.0.1').setEncoding('utf8');
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
