// Web frameworks behind a front: who the client is comes from the PROXY header, and nothing is configured for it.
import http2 from 'node:http2';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import * as grpc from '@grpc/grpc-js';
import express from 'express';
import fastify from 'fastify';
import { Server } from 'socket.io';
import { WebSocket, WebSocketServer } from 'ws';
import { createFront } from 'uvnet/front';

/** The class of node:net, also where `net` is uvnet, whose servers need no front. */
const { constructor: NodeServer } = Object.getPrototypeOf(http.Server.prototype);

/** Opens a front of a server. Returns it, and a function that connects as a balancer does. */
async function open(server) {
  const front = createFront(server, { proxyProtocol: 'required' });
  await once(front.listen(0, '127.0.0.1'), 'listening');
  const connect = () => {
    const socket = net.connect(front.address().port, '127.0.0.1');
    socket.write('PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\n');
    return socket;
  };
  return { front, connect };
}

async function get(connect, path) {
  const socket = connect();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n`);
  return (await text(socket)).split('\r\n\r\n')[1];
}

{
  const app = express();
  app.get('/ip', (request, response) => response.json({ ip: request.ip, ips: request.ips }));
  const { front, connect } = await open(http.createServer(app));
  console.log('express', await get(connect, '/ip'));
  await front.close();
}
{
  const app = fastify();
  app.get('/ip', async ({ ip }) => ({ ip }));
  await app.ready();
  const { front, connect } = await open(app.server);
  console.log('fastify', await get(connect, '/ip'));
  await front.close();
}
{
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    socket.send(request.socket.remoteAddress);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const { front, connect } = await open(server);
  const client = new WebSocket('ws://example.org', { createConnection: connect });
  console.log('ws', String((await once(client, 'message'))[0]));
  client.send(Buffer.alloc(1_000_000, 'w'));
  console.log((await once(client, 'message'))[0].length);
  const closed = front.close();
  client.close();
  await closed;
}
{
  const server = http.createServer();
  const io = new Server(server);
  io.on('connection', (socket) => socket.emit('ip', socket.handshake.address));
  const { front, connect } = await open(server);
  const answer = JSON.parse((await get(connect, '/socket.io/?EIO=4&transport=polling')).slice(1));
  console.log('socket.io', answer.upgrades);
  io.disconnectSockets(true);
  await front.close({ gracePeriod: 0 });
}
{
  const app = http2.createServer(({ socket }, response) => response.end(socket.remoteAddress));
  const { front, connect } = await open(app);
  const client = http2.connect('http://example.org', { createConnection: connect });
  console.log('http2', await text(client.request()));
  client.close();
  await front.close();
}
{
  const service = {
    peer: {
      path: '/test/peer',
      requestStream: false,
      responseStream: false,
      requestSerialize: Buffer.from,
      requestDeserialize: String,
      responseSerialize: Buffer.from,
      responseDeserialize: String,
    },
  };
  const server = new grpc.Server();
  server.addService(service, { peer: (call, callback) => callback(null, call.getPeer()) });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const { front, connect } = await open(
    new NodeServer((socket) => injector.injectConnection(socket)),
  );
  // Its client cannot be given a socket, so a relay writes the header.
  const balancer = net.createServer((socket) => socket.pipe(connect()).pipe(socket));
  await once(balancer.listen(0, '127.0.0.1'), 'listening');
  const Client = grpc.makeGenericClientConstructor(service, 'test');
  const client = new Client(
    `127.0.0.1:${balancer.address().port}`,
    grpc.credentials.createInsecure(),
  );
  console.log(
    'grpc',
    await new Promise((resolve) => client.peer('', (error, peer) => resolve(error ?? peer))),
  );
  client.close();
  balancer.close();
  await front.close({ gracePeriod: 0 });
}
process.exit();
