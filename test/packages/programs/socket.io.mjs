import { createServer } from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

const web = createServer();
const server = new Server(web);
server.on('connection', (socket) => {
  socket.on('ask', (question, answer) => answer(`${question}!`));
  socket.on('binary', (data, answer) => answer(data.length));
});
const shared = net.createServer((socket) => web.emit('connection', socket));
await once(shared.listen(0, '127.0.0.1'), 'listening');
const url = `http://127.0.0.1:${shared.address().port}`;
for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  const client = io(url, { transports, forceNew: true });
  await new Promise((resolve) => client.on('connect', resolve));
  console.log(await client.emitWithAck('ask', 'hello'));
  console.log(await client.emitWithAck('binary', Buffer.alloc(500_000)));
  if (transports.length === 2 && client.io.engine.transport.name !== 'websocket') {
    await new Promise((resolve) => client.io.engine.once('upgrade', resolve));
  }
  console.log(client.io.engine.transport.name);
  client.close();
}
process.exit();
