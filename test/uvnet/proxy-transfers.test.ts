import { once } from 'node:events';
import type { Socket as NodeSocket } from 'node:net';
import { Worker } from 'node:worker_threads';

import * as net from 'uvnet';

import { uvnet, type Net } from '../helpers/implementations';
import { Scope } from '../helpers/scope';
import { portOfServer, serversOf } from '../helpers/servers';

/** The contents of a PROXY header after a transfer: the proxy must not appear as the client. */

const scope = new Scope(net as unknown as Net);
afterEach(() => scope.dispose());

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
/** Version 2, from 10.1.2.3:12345 to 10.4.5.6:80, with a TLV of type 0xe0. */
const HEADER = Buffer.concat([
  Buffer.from(SIGNATURE),
  Buffer.from([0x21, 0x11, 0, 17, 10, 1, 2, 3, 10, 4, 5, 6, 0x30, 0x39, 0, 80, 0xe0, 0, 2]),
  Buffer.from('hi'),
]);

interface Ends {
  socket: net.Socket;
  client: NodeSocket;
}

async function proxied(): Promise<Ends> {
  const server = await serversOf(scope).listening({ proxyProtocol: 'required' });
  const accepted = once(server, 'connection');
  const client = scope.connect({ port: portOfServer(server), host: '127.0.0.1' });
  client.on('error', () => {}).write(HEADER);
  const [socket] = (await accepted) as [net.Socket];
  return { socket, client };
}

const ends = ({ remoteAddress, remotePort, localAddress, localPort }: net.Socket): unknown[] => [
  remoteAddress,
  remotePort,
  localAddress,
  localPort,
];
const NAMED = ['10.1.2.3', 12345, '10.4.5.6', 80];

(process.platform === 'win32' ? describe.skip : describe)(
  'a connection with a PROXY header',
  () => {
    test('has its addresses and header after detach() and attach()', async () => {
      const { socket } = await proxied();
      const { proxyInfo } = socket;
      const attached = net.Socket.attach(structuredClone(socket.detach()));
      scope.track(attached as never);
      expect(ends(attached)).toEqual(NAMED);
      expect(attached.proxyInfo).toEqual(proxyInfo);
      expect(attached.proxyInfo!.tlvs[0].value.toString()).toBe('hi');
      expect(Buffer.isBuffer(attached.proxyInfo!.tlvs[0].value)).toBe(true);
    });

    test('has them in another thread', async () => {
      const { socket } = await proxied();
      const worker = new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
       const net = require(workerData.entry);
       const socket = net.Socket.attach(workerData.token);
       const { remoteAddress, remotePort, localAddress, localPort, proxyInfo } = socket;
       socket.destroy();
       parentPort.postMessage({
         ends: [remoteAddress, remotePort, localAddress, localPort],
         value: proxyInfo.tlvs[0].value.toString(),
       });`,
        { eval: true, workerData: { entry: uvnet!.entry, token: socket.detach() } },
      );
      const [message] = await once(worker, 'message');
      expect(message).toEqual({ ends: NAMED, value: 'hi' });
      await worker.terminate();
    });

    test('has them after toNode() and fromNode()', async () => {
      const { socket } = await proxied();
      const { proxyInfo } = socket;
      const node = socket.toNode();
      expect(ends(node as never)).toEqual(NAMED);
      const back = net.Socket.fromNode(node);
      scope.track(back as never);
      expect(ends(back)).toEqual(NAMED);
      expect(back.proxyInfo).toEqual(proxyInfo);
    });

    test('is closed if a constructor refuses its options', async () => {
      const { socket, client } = await proxied();
      const token = socket.detach() as unknown as { settings: object };
      token.settings = { signal: 'none' };
      expect(() => net.Socket.attach(token as never)).toThrow('signal');
      await once(client, 'close');
      expect(client.destroyed).toBe(true);
    });
  },
);
