import { once } from 'node:events';

import * as net from 'uvnet';

import { splitTlvs } from '../../lib/internal/proxy/proxy-info';
import { thrownBy } from '../helpers/errors';
import type { Net } from '../helpers/implementations';
import { nextEvent, nextTurn } from '../helpers/events';
import { withLoopbackNetwork } from '../helpers/platforms';
import { portOf, Scope } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

/** PROXY headers, sent by hand. See test/interop for a real balancer. */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

type Sock = import('node:net').Socket;
type BlockList = import('node:net').BlockList;

const { listening } = serversOf(scope);

const connect = (server: net.Server, localAddress?: string): Sock =>
  scope
    .connect({ port: portOf(server as never), host: '127.0.0.1', localAddress: localAddress! })
    .on('error', () => {});

async function accepted(server: net.Server): Promise<net.Socket> {
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  return socket;
}

async function dropped(server: net.Server): Promise<net.DropData> {
  const [data] = (await once(server, 'drop')) as [net.DropData];
  return data;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const IPV4 = Buffer.from([10, 1, 2, 3, 10, 4, 5, 6, 0x30, 0x39, 0, 80]);

function version2(block: Buffer, family = 0x11, command = 0x21): Buffer {
  const header = Buffer.from([command, family, block.length >> 8, block.length & 0xff]);
  return Buffer.concat([SIGNATURE, header, block]);
}

function tlv(type: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

describe('proxyProtocol', () => {
  test('the addresses are those of the header when connection is emitted', async () => {
    const server = await listening({ proxyProtocol: 'required' });
    const client = connect(server);
    client.write('PROXY TCP4 10.1.2.3 10.4.5.6 12345 80\r\nhello');
    const socket = await accepted(server);
    expect(socket.address()).toEqual({ address: '10.4.5.6', family: 'IPv4', port: 80 });
    expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([
      '10.1.2.3',
      12345,
      'IPv4',
    ]);
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toBe('hello');
    expect(socket.bytesRead).toBe(5);
    expect(socket.proxyInfo).toMatchObject({
      peerAddress: '127.0.0.1',
      peerPort: client.localPort,
    });
  });

  test('a header may come byte by byte', async () => {
    const server = await listening({ proxyProtocol: 'required' });
    const client = connect(server).setNoDelay();
    const connection = accepted(server);
    for (const byte of version2(IPV4)) {
      client.write(Buffer.from([byte]));
      await nextTurn();
    }
    client.write('x');
    const socket = await connection;
    expect(socket.remoteAddress).toBe('10.1.2.3');
    const [data] = (await once(socket, 'data')) as [Buffer];
    expect(data.toString()).toBe('x');
  });

  test('the records of a version 2 header are read', async () => {
    const ssl = Buffer.concat([
      Buffer.from([3, 0, 0, 0, 0]),
      tlv(0x21, 'TLSv1.3'),
      tlv(0x22, 'example client'),
      tlv(0x23, 'TLS_AES_128_GCM_SHA256'),
      tlv(0x24, 'SHA256'),
      tlv(0x25, 'RSA2048'),
      tlv(0x28, Buffer.from([0x30, 0x82])),
      tlv(0x7f, 'unknown'),
    ]);
    const block = [IPV4, tlv(1, 'h2'), tlv(2, 'example.com'), tlv(4, ''), tlv(5, 'id')];
    block.push(tlv(0x20, ssl), tlv(0x30, 'blue'), tlv(0xe0, 'custom'));
    const server = await listening({ proxyProtocol: 'required' });
    connect(server).write(version2(Buffer.concat(block)));
    const { proxyInfo } = await accepted(server);
    expect(proxyInfo).toMatchObject({
      version: 2,
      alpn: 'h2',
      authority: 'example.com',
      uniqueId: Buffer.from('id'),
      networkNamespace: 'blue',
      ssl: {
        tls: true,
        certificateOnConnection: true,
        certificateInSession: false,
        verified: true,
        version: 'TLSv1.3',
        commonName: 'example client',
        cipher: 'TLS_AES_128_GCM_SHA256',
        signatureAlgorithm: 'SHA256',
        keyAlgorithm: 'RSA2048',
        clientCertificate: Buffer.from([0x30, 0x82]),
      },
    });
    expect(proxyInfo!.tlvs.map(({ type }) => type)).toEqual([1, 2, 4, 5, 0x20, 0x30, 0xe0]);
    expect(proxyInfo!.ssl!.tlvs).toHaveLength(7);
  });

  test('an SSL record that is malformed within is left out, the rest counts', async () => {
    const server = await listening({ proxyProtocol: 'required' });
    const block = Buffer.concat([IPV4, tlv(0x20, Buffer.from([1, 0, 0, 0, 0, 9])), tlv(1, 'h2')]);
    connect(server).write(version2(block));
    const { proxyInfo } = await accepted(server);
    expect(proxyInfo!.ssl).toBeUndefined();
    expect(proxyInfo!.alpn).toBe('h2');
  });

  test('unix addresses are reported, and are not the addresses of a TCP socket', async () => {
    const block = Buffer.alloc(216);
    block.write('/run/client.sock');
    block.write('/run/server.sock', 108);
    const server = await listening({ proxyProtocol: 'required' });
    connect(server).write(version2(block, 0x31));
    const socket = await accepted(server);
    expect(socket.proxyInfo).toMatchObject({
      family: 'unix',
      sourceAddress: '/run/client.sock',
      destinationAddress: '/run/server.sock',
    });
    expect(socket.remoteAddress).toBe('127.0.0.1');
  });

  test.each([
    ['none', 'GET / HTTP/1.1\r\n\r\n'],
    ['a bad address', 'PROXY TCP4 10.1.2.300 10.4.5.6 12345 80\r\n'],
    ['no end', `PROXY TCP4 ${'1'.repeat(200)}`],
    ['an unknown version', version2(IPV4, 0x11, 0x31)],
    ['a wrong checksum', version2(Buffer.concat([IPV4, tlv(3, 'abcd')]))],
    ['a truncated record', version2(Buffer.concat([IPV4, Buffer.from([1, 0])]))],
    ['more than the limit', version2(Buffer.concat([IPV4, tlv(0xe0, Buffer.alloc(20_000))]))],
  ])('a header with %s is dropped', async (_, bytes) => {
    const server = await listening({ proxyProtocol: 'required' });
    const client = connect(server);
    const drop = dropped(server);
    client.write(bytes);
    expect(await drop).toMatchObject({
      reason: 'proxyHeader',
      remoteAddress: '127.0.0.1',
      remotePort: client.localPort,
    });
    await nextEvent(client, 'close');
    expect(server.stats()).toMatchObject({ accepted: 0, open: 0, dropped: { proxyHeader: 1 } });
  });

  test('a peer that closes before its header is complete is dropped', async () => {
    const server = await listening({ proxyProtocol: 'required' });
    const drop = dropped(server);
    connect(server).end('PROXY TCP4 10.1');
    expect((await drop).reason).toBe('proxyHeader');
  });

  test('a connection is dropped if its header does not come in time', async () => {
    const server = await listening({ proxyProtocol: 'required', proxyHeaderTimeout: 50 });
    const client = connect(server);
    client.write('PROXY TC');
    expect((await dropped(server)).reason).toBe('proxyTimeout');
    await nextEvent(client, 'close');
    expect(server.stats().open).toBe(0);
  });

  test('connections that wait for their header count as open, and close with the server', async () => {
    const server = await listening({ proxyProtocol: 'required' });
    const client = connect(server);
    client.write('PROXY');
    while (server.stats().open === 0) await nextTurn();
    const closed = nextEvent(client, 'close');
    const stopped = nextEvent(server, 'close');
    server.close();
    await stopped;
    await closed;
    expect(server.stats()).toMatchObject({ open: 0, accepted: 0 });
  });

  test('the limit per address counts clients, not the balancer', async () => {
    const server = await listening({ proxyProtocol: 'required', maxConnectionsPerAddress: 1 });
    for (const host of ['10.0.0.1', '10.0.0.2']) {
      connect(server).write(`PROXY TCP4 ${host} 10.4.5.6 1 80\r\n`);
      expect((await accepted(server)).remoteAddress).toBe(host);
    }
    const drop = dropped(server);
    connect(server).write('PROXY TCP4 10.0.0.2 10.4.5.6 7 80\r\n');
    expect(await drop).toMatchObject({
      reason: 'maxConnectionsPerAddress',
      remoteAddress: '10.0.0.2',
      remotePort: 7,
    });
  });

  test('blockList also applies to the client', async () => {
    const blockList = new net.BlockList();
    blockList.addSubnet('10.0.0.0', 8);
    const server = await listening({ proxyProtocol: 'required', blockList });
    connect(server).write('PROXY TCP4 11.0.0.1 10.4.5.6 1 80\r\n');
    await accepted(server);
    const drop = dropped(server);
    connect(server).write('PROXY TCP4 10.0.0.1 10.4.5.6 1 80\r\n');
    expect(await drop).toMatchObject({ reason: 'blockList', remoteAddress: '10.0.0.1' });
  });

  describe('optional', () => {
    test('a stream without a header arrives whole', async () => {
      const server = await listening({ proxyProtocol: 'optional' });
      connect(server).write('GET / HTTP/1.1\r\n');
      const socket = await accepted(server);
      expect(socket.proxyInfo).toBeUndefined();
      expect(socket.remoteAddress).toBe('127.0.0.1');
      const [data] = (await once(socket, 'data')) as [Buffer];
      expect(data.toString()).toBe('GET / HTTP/1.1\r\n');
    });

    test('bytes that looked like a header come first', async () => {
      const server = await listening({ proxyProtocol: 'optional' });
      const client = connect(server).setNoDelay();
      client.write('PROX');
      while (server.stats().open === 0) await nextTurn();
      client.write('IMITY');
      const socket = await accepted(server);
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => (text += part));
      client.end();
      await once(socket, 'end');
      expect(text).toBe('PROXIMITY');
      expect(socket.bytesRead).toBe(9);
    });

    test('a client that sends nothing is accepted when the time is over', async () => {
      const server = await listening({ proxyProtocol: 'optional', proxyHeaderTimeout: 50 });
      connect(server);
      const socket = await accepted(server);
      expect(socket.proxyInfo).toBeUndefined();
    });

    test('a client that closes without a byte is a connection that ends', async () => {
      const server = await listening({ proxyProtocol: 'optional' });
      connect(server).end();
      const socket = await accepted(server);
      socket.resume();
      await once(socket, 'end');
      expect(socket.bytesRead).toBe(0);
    });
  });

  describe('trustedProxies', () => {
    const trusted = (): BlockList => {
      const list = new net.BlockList();
      list.addAddress('127.0.0.2');
      return list;
    };

    withLoopbackNetwork('a server that requires a header drops other peers', async () => {
      const server = await listening({ proxyProtocol: 'required', trustedProxies: trusted() });
      const drop = dropped(server);
      connect(server, '127.0.0.1').write('PROXY TCP4 10.0.0.1 10.4.5.6 1 80\r\n');
      expect(await drop).toMatchObject({ reason: 'trustedProxies', remoteAddress: '127.0.0.1' });
      connect(server, '127.0.0.2').write('PROXY TCP4 10.0.0.1 10.4.5.6 1 80\r\n');
      expect((await accepted(server)).remoteAddress).toBe('10.0.0.1');
    });

    test('a server with an optional header does not trust other peers', async () => {
      const server = await listening({ proxyProtocol: 'optional', trustedProxies: trusted() });
      connect(server, '127.0.0.1').write('PROXY TCP4 10.0.0.1 10.4.5.6 1 80\r\n');
      const socket = await accepted(server);
      expect(socket.remoteAddress).toBe('127.0.0.1');
      const [data] = (await once(socket, 'data')) as [Buffer];
      expect(data.toString()).toContain('PROXY TCP4');
    });

    test('the list may change while the server listens', async () => {
      const list = trusted();
      const server = await listening({ proxyProtocol: 'required', trustedProxies: list });
      list.addAddress('127.0.0.1');
      connect(server, '127.0.0.1').write('PROXY TCP4 10.0.0.1 10.4.5.6 1 80\r\n');
      expect((await accepted(server)).remoteAddress).toBe('10.0.0.1');
    });
  });

  test.each([
    [{ proxyProtocol: 'on' }, 'ERR_INVALID_ARG_VALUE'],
    [{ proxyProtocol: true }, 'ERR_INVALID_ARG_VALUE'],
    [{ trustedProxies: ['127.0.0.1'] }, 'ERR_INVALID_ARG_TYPE'],
    [{ proxyHeaderTimeout: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ proxyHeaderTimeout: '1' }, 'ERR_INVALID_ARG_TYPE'],
  ])('%j is refused', (options, code) => {
    expect(thrownBy(() => net.createServer(options as never))).toMatchObject({ code });
  });
});

test('splitTlvs accepts only records that fill the bytes exactly', () => {
  expect(splitTlvs(Buffer.alloc(0))).toEqual([]);
  expect(splitTlvs(tlv(1, 'ab'))).toEqual([{ type: 1, value: Buffer.from('ab') }]);
  expect(splitTlvs(Buffer.from([1, 0]))).toBeUndefined();
  expect(splitTlvs(Buffer.from([1, 0, 2, 3]))).toBeUndefined();
});
