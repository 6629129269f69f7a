// Writes followed by a wait that blocks the thread: the only way to observe from within the process
// that writes of one turn are gathered (docs/COMPATIBILITY.md).
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

import { deferred } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { portOf } from '../helpers/scope';

/** Connects this many times and counts the received bytes, for waits on their number. */
const program = `
const { workerData: { port, count, received } } = require('node:worker_threads');
const { connect } = require('node:net');
for (let i = 0; i < count; i++) {
  connect({ port, host: '127.0.0.1' }).on('data', (chunk) => {
    Atomics.add(received, 0, chunk.length);
    Atomics.notify(received, 0);
  }).on('error', () => {});
}`;

describeNet('a thread that blocks after writes', ({ scope, isUvnet }) => {
  let worker: Worker;
  const received = new Int32Array(new SharedArrayBuffer(4));
  afterEach(async () => {
    await worker.terminate();
  });

  async function accept(count: number): Promise<Socket[]> {
    const server = scope.server();
    await scope.listen(server);
    received[0] = 0;
    const sockets: Socket[] = [];
    const { promise: all, resolve } = deferred();
    server.on('connection', (socket: Socket) => {
      if (sockets.push(socket) === count) resolve();
    });
    worker = new Worker(program, {
      eval: true,
      workerData: { port: portOf(server), count, received },
    });
    await all;
    return sockets;
  }

  /**
   * Blocks until this many bytes have arrived at the other side. Returns the number of bytes that
   * have arrived.
   */
  function block(bytes: number): number {
    for (;;) {
      const now = Atomics.load(received, 0);
      if (now >= bytes || Atomics.wait(received, 0, now, 30_000) === 'timed-out') return now;
    }
  }

  async function arrival(bytes: number): Promise<void> {
    while (Atomics.load(received, 0) < bytes) await new Promise((resolve) => setImmediate(resolve));
  }

  test('the first write of a turn has left', async () => {
    const [socket] = await accept(1);
    socket.write('first');
    expect(block(5)).toBe(5);
  });

  test('further writes have not left, and follow when the turn is over', async () => {
    const [socket] = await accept(1);
    socket.write('first');
    socket.write('second');
    expect(block(isUvnet ? 5 : 11)).toBe(isUvnet ? 5 : 11);
    await arrival(11);
  });

  test('a write with a callback leaves at once, after all earlier writes', async () => {
    const [socket] = await accept(1);
    socket.write('first');
    socket.write('second');
    const { promise: done, resolve } = deferred();
    socket.write('third', () => resolve());
    expect(block(16)).toBe(16);
    await done;
  });

  test('the first sixteen writes to many sockets have left', async () => {
    const sockets = await accept(20);
    for (const socket of sockets) socket.write('x');
    expect(block(isUvnet ? 16 : 20)).toBe(isUvnet ? 16 : 20);
    await arrival(20);
  });
});
