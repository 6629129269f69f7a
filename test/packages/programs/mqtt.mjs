import net from 'node:net';
import { once } from 'node:events';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import { busy } from './busy.mjs';

const broker = await Aedes.createBroker();
const server = net.createServer(broker.handle);
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = `mqtt://127.0.0.1:${server.address().port}`;
const subscriber = await mqtt.connectAsync(url);
const publisher = await mqtt.connectAsync(url);
await subscriber.subscribeAsync('news/#', { qos: 2 });
for (const qos of [0, 1, 2]) {
  const arrived = once(subscriber, 'message');
  await publisher.publishAsync(`news/${qos}`, `with ${qos}`, { qos });
  const [topic, payload] = await arrived;
  console.log(topic, String(payload));
}
const arrived = once(subscriber, 'message');
await publisher.publishAsync('news/big', Buffer.alloc(1_000_000, 'm'));
console.log((await arrived)[1].length);

const total = 5000;
await busy(async () => {
  let left = total;
  const all = new Promise((resolve) => subscriber.on('message', () => --left === 0 && resolve()));
  for (let i = 0; i < total; i++) publisher.publish('news/many', 'x');
  await all;
});
await Promise.all([subscriber.endAsync(), publisher.endAsync()]);
broker.close();
server.close();
