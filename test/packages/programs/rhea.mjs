import { createServer } from 'node:net';
import rhea from 'rhea';

const container = rhea.create_container();
const total = 2000;
let received = 0;
let sent = 0;
let resolve;
const done = new Promise((fulfil) => (resolve = fulfil));
const listener = container.listen({ port: 0, host: '127.0.0.1' });
container.on('message', ({ message, connection }) => {
  if (message.body.number !== received) console.log('out of order', message.body.number);
  if (++received < total) return;
  console.log(message.body.text.length, received);
  connection.close();
  listener.close();
  resolve();
});
container.on('sendable', ({ sender }) => {
  while (sender.sendable() && sent < total) {
    sender.send({ body: { number: sent++, text: 'x'.repeat(sent === total ? 1_000_000 : 100) } });
  }
});
listener.on('listening', () => {
  const connection = container.connect({
    port: listener.address().port,
    host: '127.0.0.1',
    reconnect: false,
  });
  connection.open_sender('queue');
});
await done;
console.log(listener instanceof createServer().constructor);
