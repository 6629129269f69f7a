import * as net from 'uvnet';

import { binding } from '../../lib/internal/native/binding';
import { nextEvent } from '../helpers/events';
import type { Net } from '../helpers/implementations';
import { Scope } from '../helpers/scope';
import { serversOf } from '../helpers/servers';

/** `noDelay` and `keepAlive` of a server: on Linux, they are set once, on the listening socket. */

const scope = new Scope(net as unknown as Net);
afterEach(async () => {
  jest.restoreAllMocks();
  await scope.dispose();
});

const perConnection = process.platform === 'linux' ? 0 : 1;

async function connection(server: net.Server): Promise<net.Socket> {
  const { peer } = await scope.join(server as never);
  return peer as unknown as net.Socket;
}

const { listening } = serversOf(scope);

test('noDelay is on in each connection, without a system call for it', async () => {
  const server = await listening({ noDelay: true });
  const set = jest.spyOn(binding, 'tcpNoDelay');
  const sockets = [await connection(server), await connection(server)];
  expect(sockets.map((socket) => socket.getOption('noDelay'))).toEqual([true, true]);
  expect(set).toHaveBeenCalledTimes(2 * perConnection);
});

test('keepAlive is on in each connection too, with its delay', async () => {
  const server = await listening({ keepAlive: true, keepAliveInitialDelay: 77_000 });
  const set = jest.spyOn(binding, 'tcpKeepAlive');
  const socket = await connection(server);
  expect(socket.getOption('keepAlive')).toBe(true);
  expect(socket.getOption('keepAliveInitialDelay')).toBe(77_000);
  expect(set).toHaveBeenCalledTimes(perConnection);
});

test('the socket knows that noDelay is on, and can switch it off', async () => {
  const server = await listening({ noDelay: true, keepAlive: true });
  const socket = await connection(server);
  socket.setNoDelay(false).setKeepAlive(false);
  expect(socket.getOption('noDelay')).toBe(false);
  expect(socket.getOption('keepAlive')).toBe(false);
});

test('changed properties of the server hold for the next connection', async () => {
  const server = await listening({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
  Object.assign(server, { noDelay: false, keepAliveInitialDelay: 90 });
  const first = await connection(server);
  expect(first.getOption('noDelay')).toBe(false);
  expect(first.getOption('keepAliveInitialDelay')).toBe(90_000);
  Object.assign(server, { noDelay: true, keepAlive: false });
  const second = await connection(server);
  expect(second.getOption('noDelay')).toBe(true);
  expect(second.getOption('keepAlive')).toBe(false);
});

test('nothing is set without these options', async () => {
  const noDelay = jest.spyOn(binding, 'tcpNoDelay');
  const keepAlive = jest.spyOn(binding, 'tcpKeepAlive');
  const server = await listening({});
  const accepted = nextEvent(server, 'connection');
  const socket = await connection(server);
  await accepted;
  expect(socket.getOption('noDelay')).toBe(false);
  expect(noDelay).not.toHaveBeenCalled();
  expect(keepAlive).not.toHaveBeenCalled();
});
