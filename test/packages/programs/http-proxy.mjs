// Requests and a WebSocket through a proxy in front of it, all over servers of `net`.
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import httpProxy from 'http-proxy';
import { WebSocket, WebSocketServer } from 'ws';

async function listen(web) {
  const server = net.createServer((socket) => web.emit('connection', socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
const web = http.createServer((request, response) => request.pipe(response));
const sockets = new WebSocketServer({ server: web });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
const target = await listen(web);
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${target.address().port}`,
  ws: true,
});
const front = http.createServer((request, response) => proxy.web(request, response));
front.on('upgrade', (...upgrade) => proxy.ws(...upgrade));
const server = await listen(front);
const { port } = server.address();

const body = 'a'.repeat(3_000_000);
const response = await globalThis.fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
console.log((await response.text()) === body);
const client = new WebSocket(`ws://127.0.0.1:${port}`);
await once(client, 'open');
client.send('hello');
console.log(String((await once(client, 'message'))[0]));
client.close();
await once(client, 'close');
process.exit();
