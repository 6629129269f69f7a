import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { busy } from './busy.mjs';

const web = http.createServer();
const sockets = new WebSocketServer({ server: web, perMessageDeflate: true });
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
const server = net.createServer((socket) => web.emit('connection', socket));
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = `ws://127.0.0.1:${server.address().port}`;
for (const perMessageDeflate of [false, true]) {
  const client = new WebSocket(url, { perMessageDeflate });
  await once(client, 'open');
  for (const data of ['hello', Buffer.alloc(2_000_000, 'w')]) {
    client.send(data);
    const [answer, isBinary] = await once(client, 'message');
    console.log(answer.length, isBinary);
  }
  client.ping('are you there');
  console.log(String((await once(client, 'pong'))[0]));
  client.close(4000, 'bye');
  const [code, reason] = await once(client, 'close');
  console.log(code, String(reason));
}
const client = new WebSocket(url, { perMessageDeflate: false });
await once(client, 'open');
await busy(async () => {
  let left = 20_000;
  const all = new Promise((resolve) => client.on('message', () => --left === 0 && resolve()));
  for (let i = 0; i < 20_000; i++) client.send('x'.repeat(100));
  await all;
});
client.terminate();
process.exit();
