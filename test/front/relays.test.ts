// Connections that a front relays to another host.
import { once } from 'node:events';
import type nodeNet from 'node:net';
import * as net from 'uvnet';

import { nextEvent, nextTurn } from '../helpers/events';
import { FrontScope, echo, runProgram, ssh, whole } from '../helpers/fronts';

const scope = new FrontScope();
afterEach(() => scope.dispose());

const request = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

describe('a relay', () => {
  test.each([1, 2] as const)('can tell the server its client (PROXY %i)', async (version) => {
    const server = net.createServer({ proxyProtocol: 'required' }, (socket) => {
      socket.resume().end(`${socket.proxyInfo!.version} ${String(socket.remotePort)}`);
    });
    const port = await scope.serve(server as unknown as nodeNet.Server);
    const front = await scope.choosing(() => ({
      connect: { port, host: '127.0.0.1' },
      sendProxy: version,
    }));
    const client = scope.connect(front);
    client.write(ssh);
    await once(client, 'connect');
    const { localPort } = client;
    expect(await whole(client)).toBe(`${version} ${String(localPort)}`);
  });

  test('keeps its place until it ends', async () => {
    const port = await scope.serve(echo());
    const front = await scope.choosing(() => ({ connect: { port, host: '127.0.0.1' } }), {
      maxConnectionsPerAddress: 1,
    });
    const client = scope.connect(front);
    client.write(ssh);
    expect(String((await once(client, 'data'))[0])).toBe(ssh);
    const drop = once(front, 'drop');
    expect(await scope.talk(front, ssh)).toBe('');
    expect((await drop)[0]).toMatchObject({ reason: 'maxConnectionsPerAddress' });
    client.end();
    await nextEvent(client, 'close');
    while (front.stats().open > 0) await nextTurn();
    expect(await scope.talk(front, ssh)).toBe(ssh);
  });

  test('that cannot connect is reported, and the connection is closed', async () => {
    const unused = echo();
    const port = await scope.serve(unused);
    await new Promise((resolve) => unused.close(resolve));
    const front = await scope.choosing(() => ({ connect: { port, host: '127.0.0.1' } }));
    const failed = once(front, 'relayError');
    const answer = scope.talk(front, ssh);
    const [error, hello] = (await failed) as [Error, { protocol: string }];
    expect(error).toMatchObject({ code: 'ECONNREFUSED', side: 'b' });
    expect(hello.protocol).toBe('ssh');
    expect(await answer).toBe('');
    while (front.stats().open > 0) await nextTurn();
    expect(front.stats()).toMatchObject({ accepted: 1, relays: 1, relayErrors: 1 });
  });

  test('is counted, and so is its failure, for Prometheus as well', async () => {
    const port = await scope.serve(echo());
    const target = { connect: { port, host: '127.0.0.1' } };
    const front = await scope.choosing(({ protocol }) => (protocol === 'http1' ? echo() : target));
    const lines = (): string[] =>
      front.metrics().match(/^uvnet_(?:relay|connections_accepted).*$/gm)!;
    expect(front.stats()).toMatchObject({ relays: 0, relayErrors: 0 });
    expect(await scope.talk(front, ssh)).toBe(ssh);
    expect(await scope.talk(front, request)).toBe(request);
    expect(lines()).toEqual([
      'uvnet_connections_accepted_total 2',
      'uvnet_relays_total 1',
      'uvnet_relay_errors_total 0',
    ]);
    const failed = once(front, 'relayError');
    Object.assign(target, { relay: { idleTimeout: 0 } });
    expect(await scope.talk(front, ssh)).toBe('');
    expect((await failed)[0]).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(lines()).toEqual([
      'uvnet_connections_accepted_total 3',
      'uvnet_relays_total 2',
      'uvnet_relay_errors_total 1',
    ]);
  });

  test('that fails while a listener throws leaves the front at work', async () => {
    const output = await runProgram(`
      const net = require('node:net');
      const { createFront } = require(${JSON.stringify(require.resolve('../../dist/front.js'))});
      const front = createFront(() => ({ connect: { path: '/nonexistent/x' } }), { sniff: true });
      front.on('relayError', ({ code }) => { throw new Error(code); });
      let left = 2;
      process.on('uncaughtException', ({ message }) => {
        console.log(message);
        if (--left > 0) again(); else front.close();
      });
      const again = () => {
        net.connect(front.address().port, '127.0.0.1').on('error', () => {}).end('SSH-2.0-x');
      };
      front.listen(0, '127.0.0.1', again);`);
    expect(output).toBe('ENOENT\nENOENT\n');
  });

  test('that connect() refuses leaves no socket behind', async () => {
    // A socket that is not destroyed goes on listening to the signal.
    const output = await runProgram(`
      const { getEventListeners } = require('node:events');
      const net = require('node:net');
      const { createFront } = require(${JSON.stringify(require.resolve('../../dist/front.js'))});
      const { signal } = new AbortController();
      const front = createFront(() => ({ connect: { port: -1, signal } }), { sniff: true });
      process.on('uncaughtException', ({ code }) => console.log(code));
      front.listen(0, '127.0.0.1', () => {
        const client = net.connect(front.address().port, '127.0.0.1').on('error', () => {});
        client.on('close', async () => {
          await front.close();
          console.log(getEventListeners(signal, 'abort').length);
        });
        client.resume().end('SSH-2.0-x');
      });`);
    expect(output).toBe('ERR_SOCKET_BAD_PORT\n0\n');
  });

  test('with bad options is reported, and both connections are closed', async () => {
    const port = await scope.serve(echo());
    const target = { connect: { port, host: '127.0.0.1' }, relay: { idleTimeout: -1 } };
    const front = await scope.choosing(() => target);
    const failed = once(front, 'relayError');
    expect(await scope.talk(front, ssh)).toBe('');
    expect((await failed)[0]).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('is destroyed when the grace period of close() is over', async () => {
    const port = await scope.serve(echo());
    const front = await scope.choosing(() => ({ connect: { port, host: '127.0.0.1' } }));
    const client = scope.connect(front);
    client.write(ssh);
    await once(client, 'data');
    const closed = nextEvent(client.resume(), 'close');
    expect(await front.close({ gracePeriod: 0 })).toEqual({ ended: 0, destroyed: 1 });
    await closed;
  });
});
