// What a socket of Node behind a front says of the PROXY header of its connection.
import { once } from 'node:events';
import net from 'node:net';
import { Socket } from 'uvnet';
import { proxyInfoOf } from 'uvnet/front';

import { nextEvent, nextTurn } from '../helpers/events';
import { FrontScope, portOfFront } from '../helpers/fronts';

const fronts = new FrontScope();
afterEach(() => fronts.dispose());

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const IPV4 = Buffer.from([10, 1, 2, 3, 10, 4, 5, 6, 0x30, 0x39, 1, 0xbb]);

function version2(family: number, block: Buffer, command = 0x21): Buffer {
  const fixed = Buffer.from([command, family, block.length >> 8, block.length & 0xff]);
  return Buffer.concat([SIGNATURE, fixed, block]);
}

const padded = (path: string): Buffer => Buffer.concat([Buffer.from(path)], 108);

interface Pair {
  readonly socket: net.Socket;
  readonly client: net.Socket;
}

/** A connection that begins with these bytes. */
const opened = (...parts: (Buffer | string)[]): Promise<Pair> =>
  openedBy(net.createServer(), parts);

async function openedBy(server: net.Server, parts: (Buffer | string)[]): Promise<Pair> {
  const front = await fronts.open(server, { proxyProtocol: 'optional' });
  const connection = once(server, 'connection');
  const client = net.connect(portOfFront(front), '127.0.0.1').on('error', () => {});
  for (const part of parts) {
    client.write(part);
    await nextTurn();
  }
  const [socket] = (await connection) as [net.Socket];
  socket.on('error', () => {});
  return { socket, client };
}

async function closed({ socket, client }: Pair): Promise<void> {
  client.destroy();
  socket.destroy();
  await Promise.all([nextEvent(socket, 'close'), nextEvent(client, 'close')]);
}

test('IPv6 addresses of the header are those of the socket', async () => {
  const block = Buffer.alloc(36);
  block.set([0x20, 1, 0x0d, 0xb8], 0);
  block[15] = 1;
  block[31] = 2;
  block.writeUInt16BE(65_535, 32);
  block.writeUInt16BE(443, 34);
  const { socket, client } = await opened(version2(0x21, block));
  expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([
    ...['2001:db8::1', 65_535, 'IPv6'],
  ]);
  expect([socket.localAddress, socket.localPort]).toEqual(['::2', 443]);
  await closed({ socket, client });
});

test('paths and records of a header are complete, whatever their bytes', async () => {
  const record = Buffer.concat([Buffer.from([0xe0, 1, 0]), Buffer.from([...Array(256).keys()])]);
  const block = Buffer.concat([padded('/run/ä.sock'), padded('\0abstract'), record]);
  const { socket, client } = await opened(version2(0x31, block));
  expect(proxyInfoOf(socket)).toMatchObject({
    version: 2,
    family: 'unix',
    sourceAddress: '/run/ä.sock',
    destinationAddress: '\0abstract',
    peerAddress: '127.0.0.1',
    peerPort: client.localPort,
    tlvs: [{ type: 0xe0, value: record.subarray(3) }],
  });
  expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.1', client.localPort]);
  await closed({ socket, client });
});

test('a LOCAL header leaves the addresses of the connection', async () => {
  const { socket, client } = await opened(version2(0x11, IPV4, 0x20));
  expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.1', client.localPort]);
  expect(proxyInfoOf(socket)).toMatchObject({ command: 'local', tlvs: [] });
  expect(proxyInfoOf(socket)).not.toHaveProperty('sourceAddress');
  await closed({ socket, client });
});

test('a socket keeps its header when it is closed', async () => {
  const asked = await opened(version2(0x11, IPV4));
  const info = proxyInfoOf(asked.socket);
  expect(info).toMatchObject({ sourceAddress: '10.1.2.3', sourcePort: 12_345 });
  await closed(asked);
  expect(proxyInfoOf(asked.socket)).toBe(info);

  const unasked = await opened(version2(0x11, IPV4));
  await closed(unasked);
  expect(proxyInfoOf(unasked.socket)).toMatchObject({ sourceAddress: '10.1.2.3' });

  const reset = await opened(version2(0x11, IPV4));
  const gone = Promise.all([nextEvent(reset.socket, 'close'), nextEvent(reset.client, 'close')]);
  reset.socket.resetAndDestroy();
  await gone;
  expect(proxyInfoOf(reset.socket)).toMatchObject({ sourceAddress: '10.1.2.3' });
});

test('bytes that only looked like a header come first', async () => {
  const { socket, client } = await opened('PROX', 'IMATE');
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  while (text.length < 'PROXIMATE'.length) await nextEvent(socket, 'data');
  expect(text).toBe('PROXIMATE');
  expect(proxyInfoOf(socket)).toBeUndefined();
  await closed({ socket, client });
});

test('the header goes along when a socket becomes one of uvnet, and back', async () => {
  const { socket, client } = await opened(version2(0x11, IPV4));
  const info = proxyInfoOf(socket);
  const taken = Socket.fromNode(socket);
  expect([taken.remoteAddress, taken.remotePort]).toEqual(['10.1.2.3', 12_345]);
  expect([taken.proxyInfo, proxyInfoOf(taken)]).toEqual([info, info]);
  const back = taken.toNode();
  expect([back.remoteAddress, back.remotePort]).toEqual(['10.1.2.3', 12_345]);
  expect(proxyInfoOf(back)).toEqual(info);
  await closed({ socket: back, client });
});

test.each([true, false])(
  'bytes that only looked like a header go along, too (pauseOnConnect: %s)',
  async (pauseOnConnect) => {
    const server = net.createServer({ pauseOnConnect });
    const { socket, client } = await openedBy(server, ['PROX', 'IMATE']);
    const taken = Socket.fromNode(socket);
    let text = '';
    taken.setEncoding('utf8').on('data', (part: string) => (text += part));
    client.end();
    await nextEvent(taken.resume(), 'end');
    expect(text).toBe('PROXIMATE');
    expect(taken.proxyInfo).toBeUndefined();
    await closed({ socket: taken as never, client });
  },
);
