import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { Pool, WebSocket, request } from 'undici';
import { WebSocketServer } from 'ws';
import { busy } from './busy.mjs';

const web = http.createServer((incoming, response) => {
  if (incoming.method === 'POST') incoming.pipe(response);
  else response.end(incoming.url);
});
const sockets = new WebSocketServer({ server: web });
sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)));
const server = net.createServer((socket) => web.emit('connection', socket));
await once(server.listen(0, '127.0.0.1'), 'listening');
const base = `http://127.0.0.1:${server.address().port}`;

const { statusCode, body } = await request(`${base}/hello`);
console.log(statusCode, await body.text());
const big = 'u'.repeat(3_000_000);
console.log((await (await request(base, { method: 'POST', body: big })).body.text()) === big);
const socket = new WebSocket(base.replace('http', 'ws'));
await new Promise((resolve) => socket.addEventListener('open', resolve));
socket.send('hello');
console.log(
  await new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data))),
);
socket.close();
await new Promise((resolve) => socket.addEventListener('close', resolve));

const pool = new Pool(base, { connections: 10, pipelining: 10 });
const ask = async (times) => {
  for (let i = 0; i < times; i++) {
    await (await pool.request({ path: '/', method: 'GET' })).body.dump();
  }
};
await busy(() => Promise.all(Array.from({ length: 100 }, () => ask(60))));
process.exit();
