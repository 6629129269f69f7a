// What a front learns from the first bytes of a connection.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import tls from 'node:tls';

import type { Front } from 'uvnet/front';

import { FrontScope, portOfFront } from '../helpers/fronts';
import { alpn, clientHello, extension, serverName, supportedVersions } from '../helpers/hellos';
import { describeNeeds, missingCommand, needs } from '../helpers/needs';
import { nextEvent, nextTurn } from '../helpers/events';

const scope = new FrontScope();
afterEach(() => scope.dispose());

const socketPath = (): string => `/tmp/uvnet-sniffing-${process.pid}.sock`;
const bytewise = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));
const full = [serverName('A.Example'), alpn('h2', 'http/1.1'), supportedVersions(0x0304, 0x0303)];
const fullHello = {
  protocol: 'tls',
  serverName: 'a.example',
  alpnProtocols: ['h2', 'http/1.1'],
  versions: ['TLSv1.3', 'TLSv1.2'],
};

describe('the protocol of a connection', () => {
  test.each([
    ['http1', 'GET / HTTP/1.1\r\n\r\n'],
    ['http1', '\r\nPOST /a?b HTTP/1.0\n\n'],
    ['http2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['ssh', 'SSH-2.0-OpenSSH_9.2p1\r\n'],
    ['proxy', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'],
    ['proxy', '\r\n\r\n\0\r\nQUIT\n'],
    ['unknown', 'EHLO example.org\r\n'],
    ['unknown', '\x80\x2e\x01\x03\x01'],
  ])('is %s for %j', async (protocol, text) => {
    const [front, hellos] = await scope.sniffing();
    await scope.send(front, Buffer.from(text, 'latin1'));
    const nothing = { serverName: undefined, alpnProtocols: [], versions: [] };
    expect(hellos).toEqual([expect.objectContaining({ protocol, ...nothing })]);
  });

  test('shows when the bytes come one by one', async () => {
    const [front, hellos] = await scope.sniffing();
    await scope.send(front, ...bytewise(Buffer.from('GET /a HTTP/1.1')));
    await scope.send(front, ...bytewise(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')));
    await scope.send(front, ...bytewise(clientHello(full)));
    await scope.send(front, ...bytewise(clientHello(full, { recordSize: 7 })));
    expect(hellos.map(({ protocol }) => protocol)).toEqual(['http1', 'http2', 'tls', 'tls']);
    expect(hellos[3]).toMatchObject(fullHello);
  });

  test('is unknown if the peer ends what could have become one', async () => {
    const [front, hellos] = await scope.sniffing();
    const client = scope.connect(front);
    client.end('GET /');
    client.resume();
    await nextEvent(client, 'close');
    expect(hellos.map(({ protocol }) => protocol)).toEqual(['unknown']);
  });

  test('shows over a Unix socket, which has no addresses', async () => {
    const [front, hellos] = await scope.sniffing({}, { path: socketPath() });
    await scope.send(front, ...bytewise(clientHello(full)));
    const nowhere = { remoteAddress: undefined, localPort: undefined };
    expect(hellos).toEqual([expect.objectContaining({ ...fullHello, ...nowhere })]);
  });

  test('shows with the addresses of both ends', async () => {
    const [front, hellos] = await scope.sniffing();
    const client = scope.connect(front);
    client.write('SSH-2.0-x\r\n');
    await once(client, 'connect');
    const { localPort } = client;
    client.resume();
    await nextEvent(client, 'close');
    expect(hellos[0]).toMatchObject({
      remoteAddress: '127.0.0.1',
      remotePort: localPort,
      remoteFamily: 'IPv4',
      localAddress: '127.0.0.1',
      localPort: portOfFront(front),
      proxyInfo: undefined,
    });
  });
});

describe('a ClientHello', () => {
  test('tells the name, the protocols and the versions', async () => {
    const [front, hellos] = await scope.sniffing();
    await scope.send(front, clientHello(full));
    expect(hellos).toEqual([expect.objectContaining(fullHello)]);
  });

  test('may have GREASE and an encrypted part', async () => {
    const [front, hellos] = await scope.sniffing();
    const extensions = [
      extension(0x2a2a),
      serverName('public.example'),
      alpn('\x3a\x3a', 'h2'),
      supportedVersions(0x4a4a, 0x0304),
      extension(0xfe0d, Buffer.alloc(239, 'e')),
      extension(0x5a5a, '\0'),
    ];
    await scope.send(front, clientHello(extensions, { ciphers: [0x1a1a, 0x1301] }));
    expect(hellos).toEqual([
      expect.objectContaining({
        protocol: 'tls',
        serverName: 'public.example',
        alpnProtocols: ['h2'],
        versions: ['TLSv1.3'],
      }),
    ]);
  });

  test('may be as large as a record', async () => {
    const [front, hellos] = await scope.sniffing();
    const padding = 16_384 - clientHello([...full, extension(21)]).length + 5;
    await scope.send(front, clientHello([...full, extension(21, Buffer.alloc(padding))]));
    expect(hellos).toEqual([expect.objectContaining(fullHello)]);
  });

  test.each([
    ['longer', clientHello([...full, extension(21, Buffer.alloc(17_000))])],
    ['with a zero in its name', clientHello([serverName('a.example\0.b')])],
    ['without a name in the list of names', clientHello([extension(0, '\0\0')])],
    ['with two lists of names', clientHello([serverName('a.example'), serverName('b.example')])],
    ['with an empty list of protocols', clientHello([alpn()])],
    ['of records that carry something else', Buffer.from('\x17\x03\x01\0\x01x', 'latin1')],
  ])('that is %s is unknown', async (_, bytes) => {
    const [front, hellos] = await scope.sniffing();
    await scope.send(front, bytes);
    expect(hellos).toEqual([
      expect.objectContaining({ protocol: 'unknown', serverName: undefined, alpnProtocols: [] }),
    ]);
  });

  test("is read from a client of Node's", async () => {
    const [front, hellos] = await scope.sniffing();
    const client = tls.connect({
      port: portOfFront(front),
      host: '127.0.0.1',
      servername: 'Node.Example',
      ALPNProtocols: ['h2', 'x'],
      minVersion: 'TLSv1.2',
    } as tls.ConnectionOptions);
    client.on('error', () => {});
    await nextEvent(client, 'close');
    expect(hellos).toEqual([
      expect.objectContaining({
        protocol: 'tls',
        serverName: 'node.example',
        alpnProtocols: ['h2', 'x'],
        versions: ['TLSv1.3', 'TLSv1.2'],
      }),
    ]);
  });

  describeNeeds(missingCommand('openssl'))('of openssl s_client', () => {
    test.each([
      [['-servername', 'a.example', '-alpn', 'h2,http/1.1'], 'a.example', ['h2', 'http/1.1'], 2],
      [['-noservername', '-tls1_2'], undefined, [], 1],
      [['-servername', 'b.example', '-tls1_3'], 'b.example', [], 1],
    ])('is read with %j', async (args, name, protocols, versions) => {
      const [front, hellos] = await scope.sniffing();
      const port = portOfFront(front);
      const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
        stdio: 'ignore',
      });
      await once(child, 'exit');
      expect(hellos).toEqual([
        expect.objectContaining({ protocol: 'tls', serverName: name, alpnProtocols: protocols }),
      ]);
      expect(hellos[0]!.versions.length).toBeGreaterThanOrEqual(versions);
    });
  });

  needs(missingCommand('curl'))('is read from curl', async () => {
    const [front, hellos] = await scope.sniffing();
    const port = portOfFront(front);
    const at = ['--resolve', `c.example:${port}:127.0.0.1`, `https://c.example:${port}/`];
    await new Promise((resolve) => execFile('curl', ['-sk', ...at], resolve));
    expect(hellos).toEqual([expect.objectContaining({ protocol: 'tls', serverName: 'c.example' })]);
    expect(hellos[0]!.alpnProtocols).toContain('http/1.1');
  });
});

describe('while the protocol is not known', () => {
  const reasons = (front: Front): string[] => {
    const seen: string[] = [];
    front.on('drop', (data) => seen.push(data.reason));
    return seen;
  };

  test('the time is limited, whatever comes', async () => {
    const [front, hellos] = await scope.sniffing({ sniffTimeout: 50 });
    const seen = reasons(front);
    await Promise.all([
      scope.send(front),
      scope.send(front, 'GET /'),
      scope.send(front, clientHello(full).subarray(0, 100)),
    ]);
    expect(seen).toEqual(['sniffTimeout', 'sniffTimeout', 'sniffTimeout']);
    expect(front.stats()).toMatchObject({ accepted: 0, open: 0, dropped: { sniffTimeout: 3 } });
    expect(hellos).toEqual([]);
  });

  test('a peer that ends without a byte is dropped', async () => {
    const [front, hellos] = await scope.sniffing();
    const client = scope.connect(front);
    client.end();
    const [data] = (await once(front, 'drop')) as [{ reason: string; remoteAddress: string }];
    expect(data).toMatchObject({ reason: 'sniffEnded', remoteAddress: '127.0.0.1' });
    expect(hellos).toEqual([]);
  });

  test('a peer that resets is dropped', async () => {
    const [front, hellos] = await scope.sniffing();
    const client = scope.connect(front);
    while (front.stats().open === 0) await nextTurn();
    const drop = once(front, 'drop');
    client.resetAndDestroy();
    expect((await drop)[0]).toMatchObject({ reason: 'sniffEnded' });
    expect(front.stats()).toMatchObject({ open: 0, dropped: { sniffEnded: 1 } });
    expect(hellos).toEqual([]);
  });

  test('the connection counts for the limits', async () => {
    const [front] = await scope.sniffing({ maxConnectionsPerAddress: 2 });
    const seen = reasons(front);
    const waiting = [scope.connect(front), scope.connect(front)];
    await Promise.all(waiting.map((client) => once(client, 'connect')));
    while (front.stats().open < 2) await nextTurn();
    await scope.send(front);
    expect(seen).toEqual(['maxConnectionsPerAddress']);
    waiting[0]!.destroy();
    await once(front, 'drop');
    expect(front.stats()).toMatchObject({ open: 1 });
  });

  test('close() drops the connection', async () => {
    const [front, hellos] = await scope.sniffing();
    const client = scope.connect(front);
    client.write('GET /');
    while (front.stats().open === 0) await nextTurn();
    const closed = front.close();
    await nextEvent(client.resume(), 'close');
    expect(await closed).toEqual({ ended: 0, destroyed: 0 });
    expect(hellos).toEqual([]);
    expect(front.stats()).toMatchObject({ open: 0, accepted: 0 });
  });

  test('bytes that do not decide cost no busy loop', async () => {
    const [front] = await scope.sniffing();
    const client = scope.connect(front);
    client.write('GET /');
    while (front.stats().open === 0) await nextTurn();
    const { uvMetricsInfo: before } = performance.nodeTiming;
    await new Promise((resolve) => setTimeout(resolve, 300));
    // A busy loop turns more than a thousand times, and even on a busy machine far more often than this.
    const { uvMetricsInfo: after } = performance.nodeTiming;
    expect(after.loopCount - before.loopCount).toBeLessThan(200);
  });
});

describe('with a PROXY header before the ClientHello', () => {
  const header = 'PROXY TCP4 10.1.2.3 10.4.5.6 12345 443\r\n';

  test('the addresses are those of the header', async () => {
    const [front, hellos] = await scope.sniffing({ proxyProtocol: 'required' });
    await scope.send(front, Buffer.concat([Buffer.from(header), clientHello(full)]));
    await scope.send(front, ...bytewise(Buffer.concat([Buffer.from(header), clientHello(full)])));
    const named = {
      ...fullHello,
      remoteAddress: '10.1.2.3',
      remotePort: 12345,
      localAddress: '10.4.5.6',
      localPort: 443,
      proxyInfo: expect.objectContaining({ version: 1, peerAddress: '127.0.0.1' }) as unknown,
    };
    expect(hellos).toEqual([expect.objectContaining(named), expect.objectContaining(named)]);
  });

  test('a drop has the addresses of the client', async () => {
    const [front] = await scope.sniffing({ proxyProtocol: 'required' });
    const drop = once(front, 'drop');
    scope.connect(front).end(header);
    expect((await drop)[0]).toMatchObject({ reason: 'sniffEnded', remoteAddress: '10.1.2.3' });
  });

  test('the beginning of an optional header counts as the beginning of another protocol', async () => {
    const [front, hellos] = await scope.sniffing({ proxyProtocol: 'optional' });
    const client = scope.connect(front).setNoDelay();
    await new Promise((resolve) => client.write('P', resolve));
    while (front.stats().open === 0) await nextTurn();
    client.write('OST / HTTP/1.1\r\n\r\n');
    await nextEvent(client.resume(), 'close');
    expect(hellos.map(({ protocol }) => protocol)).toEqual(['http1']);
  });
});
