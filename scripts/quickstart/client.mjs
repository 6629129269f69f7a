// The clients, in a separate process. Usage: client.mjs <uvnet|node:net>. Each message from the
// parent names a workload and a target. The answer has the number of messages and bytes. All sent
// and received bytes are hashed, and both hashes must be equal.
import { createHash, randomBytes } from 'node:crypto';
import { load } from './implementations.mjs';

const net = await load(process.argv[2]);
const noise = randomBytes(1 << 20);

/** A piece of random data that differs from the one before. */
function take(size, turn) {
  const start = (turn * 7919) % (noise.length - size);
  return noise.subarray(start, start + size);
}

/** One connection: it keeps up to `window` bytes in flight until the time is over. */
function converse(where, { size, window }, until) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ ...where, noDelay: true });
    const hashes = { sent: createHash('sha256'), received: createHash('sha256') };
    let sent = 0;
    let received = 0;
    let turn = 0;
    const send = () => {
      while (sent - received + size <= window && Date.now() < until) {
        const message = take(size, turn++);
        hashes.sent.update(message);
        socket.write(message);
        sent += size;
      }
      if (Date.now() >= until && sent === received) socket.end();
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      received += chunk.length;
      hashes.received.update(chunk);
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const equal = hashes.sent.digest('hex') === hashes.received.digest('hex');
      if (sent !== received || !equal) {
        reject(
          new Error(
            `sent ${sent} bytes, received ${received}, hashes ${equal ? 'equal' : 'differ'}`,
          ),
        );
      } else {
        resolve({ messages: turn, bytes: received });
      }
    });
  });
}

process.on('message', async ({ where, workload, seconds }) => {
  const start = performance.now();
  const until = Date.now() + seconds * 1000;
  try {
    const connections = Array.from({ length: workload.connections }, () =>
      converse(where, workload, until),
    );
    const results = await Promise.all(connections);
    const sum = (key) => results.reduce((total, result) => total + result[key], 0);
    process.send({
      messages: sum('messages'),
      bytes: sum('bytes'),
      seconds: (performance.now() - start) / 1000,
    });
  } catch (error) {
    process.send({ error: error.message });
  }
});
process.on('disconnect', () => process.exit());
process.send('ready');
