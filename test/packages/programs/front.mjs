// Web frameworks behind HAProxy and a front: who the client is comes from the PROXY header, and nothing is configured for it.
import { readFileSync } from 'node:fs';
import { on, once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import 'node:net';
import { text } from 'node:stream/consumers';
import * as grpc from '@grpc/grpc-js';
import express from 'express';
import fastify from 'fastify';
import { Server } from 'socket.io';
import { WebSocket, WebSocketServer } from 'ws';
import { createFront } from 'uvnet/front';

const { HAPROXY_V1, HAPROXY_V2, HAPROXY_TARGET, HAPROXY_FOLDER } = process.env;
const ports = [HAPROXY_V1, HAPROXY_V2].map(Number);
const credentials = {
  key: readFileSync(`${HAPROXY_FOLDER}/key.pem`),
  cert: readFileSync(`${HAPROXY_FOLDER}/cert.pem`),
};

/** The class of node:net, also where `net` is uvnet, whose servers need no front. */
const { constructor: NodeServer } = Object.getPrototypeOf(http.Server.prototype);

/** Opens a front of a server, behind HAProxy. Without its header, a client over a path has no address. */
async function open(server) {
  const front = createFront(server, { proxyProtocol: 'required' });
  await once(front.listen({ path: HAPROXY_TARGET, replaceStale: true }), 'listening');
  return front;
}

/** The client that a server has seen. */
function show(name, address) {
  if (address !== '127.0.0.1') throw new Error(`${name}: ${address}`);
  console.log(name, address);
}

const loose = { host: '127.0.0.1', agent: false, rejectUnauthorized: false };

/** The text of a page, by both versions of the header, over http or https. */
async function get(path, { get: start } = http) {
  const pages = [];
  for (const port of ports) {
    const request = start({ ...loose, port, path });
    const [answer] = await once(request, 'response');
    pages.push(await text(answer));
  }
  return pages;
}

const app = express();
app.get('/ip', (request, response) => {
  response.json({ ip: request.ip, ips: request.ips, secure: request.secure });
});
for (const kind of [http, https]) {
  const front = await open(kind.createServer(credentials, app));
  for (const page of await get('/ip', kind)) {
    const { ip, ips, secure } = JSON.parse(page);
    show('express', ip);
    console.log(ips, secure);
  }
  console.log((await front.close()).destroyed);
}
for (const options of [{}, { https: credentials }]) {
  const app = fastify(options);
  app.get('/ip', async ({ ip, protocol }) => ({ ip, protocol }));
  await app.ready();
  const front = await open(app.server);
  for (const page of await get('/ip', options.https ? https : http)) {
    const { ip, protocol } = JSON.parse(page);
    show('fastify', ip);
    console.log(protocol);
  }
  console.log((await front.close()).destroyed);
}
for (const kind of [http, https]) {
  const server = kind.createServer(credentials);
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    socket.send(request.socket.remoteAddress);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const front = await open(server);
  const clients = ports.map((port) => {
    const scheme = kind === https ? 'wss' : 'ws';
    return new WebSocket(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  });
  // The first message comes as soon as it can.
  const messages = clients.map((client) => on(client, 'message'));
  const next = async (index) => (await messages[index].next()).value[0];
  for (const [index, client] of clients.entries()) {
    show('ws', String(await next(index)));
    client.send(Buffer.alloc(1_000_000, 'w'));
    console.log((await next(index)).length);
  }
  const closed = front.close();
  for (const client of clients) client.close();
  console.log((await closed).destroyed);
}
{
  const server = http.createServer();
  const io = new Server(server);
  io.on('connection', (socket) => socket.emit('ip', socket.handshake.address));
  const front = await open(server);
  const pages = await get('/socket.io/?EIO=4&transport=polling');
  for (const page of pages) console.log('socket.io', JSON.parse(page.slice(1)).upgrades);
  io.disconnectSockets(true);
  await front.close({ gracePeriod: 0 });
}
for (const isSecure of [false, true]) {
  const answer = ({ socket }, response) => response.end(socket.remoteAddress);
  const app = isSecure ? http2.createSecureServer(credentials, answer) : http2.createServer(answer);
  const front = await open(app);
  for (const port of ports) {
    const scheme = isSecure ? 'https' : 'http';
    const client = http2.connect(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
    show('http2', await text(client.request()));
    client.close();
  }
  console.log((await front.close()).destroyed);
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
  server.addService(service, {
    peer: (call, callback) => callback(null, call.getPeer().replace(/:\d+$/, '')),
  });
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const front = await open(new NodeServer((socket) => injector.injectConnection(socket)));
  const Client = grpc.makeGenericClientConstructor(service, 'test');
  for (const port of ports) {
    const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    // Its server takes an empty request for none.
    const peer = await new Promise((resolve, reject) => {
      client.peer('who', (error, result) => (error ? reject(error) : resolve(result)));
    });
    show('grpc', peer);
    client.close();
  }
  await front.close({ gracePeriod: 0 });
}
process.exit();
