// One worker of scripts/stress.mjs: it opens every kind of handle, transfers connections, and ends
// in the middle of this in the requested way.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { parentPort, workerData } = require('node:worker_threads');

const { entry, folder, index, seed, ending, turns, loading } = workerData;
const net = require(path.join(entry, 'index.js'));
const lean = require(path.join(entry, 'lean.js'));

let state = seed;
/** An integer below `bound`. */
function random(bound) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * bound);
}

const swallow = () => {};
/** Counts events, so that a run without events cannot pass. */
const counts = { accepted: 0, moved: 0, attached: 0, exhausted: 0 };
const sockets = [];

/** Remembers a socket, and lets it fail: peers end at any moment. */
function keep(socket) {
  socket.on('error', swallow);
  socket.on('data', (chunk) => {
    if (random(4) === 0 && !socket.destroyed && socket.writableLength < 65536) socket.write(chunk);
  });
  sockets.push(socket);
  return socket;
}

/** Makes a random transfer, which may be refused. */
function move(socket) {
  try {
    switch (random(6)) {
      case 0:
        parentPort.postMessage({ token: socket.detach({ timeout: 1000 }) });
        break;
      case 1:
        keep(net.Socket.fromNode(socket.toNode()));
        break;
      case 2:
        keep(socket.toLean({ data: (c, bytes) => void c.write(bytes) }).toSocket());
        break;
      case 3:
        socket.toLean({ data: (c, bytes) => void c.write(bytes), close: swallow });
        break;
      case 4: {
        const other = sockets[random(sockets.length)];
        if (other !== socket) lean.relay(socket, other).catch(swallow);
        break;
      }
      default:
        socket.destroy();
    }
    counts.moved += 1;
  } catch (error) {
    if (error.code === undefined) throw error;
  }
}

const list = new net.BlockList();
list.addSubnet('192.0.2.0', 24);
const shared = list.share();
const options = { blockList: list, acceptRate: { perSecond: 1e6 }, connectionAttemptTimeout: 5000 };
const unixPath = path.join(folder, `${index}.sock`);

const servers = [
  net
    .createServer(options, (socket) => {
      counts.accepted += 1;
      keep(socket);
    })
    .listen(0, '127.0.0.1'),
  net
    .createServer({ receiveDescriptors: true }, (socket) => {
      socket.on('descriptor', (received) => {
        // Some are taken, some are left to be closed.
        if (random(2) === 0) keep(received.toSocket());
      });
      keep(socket);
    })
    .listen({ path: unixPath, mode: 0o600, replaceStale: true }),
];
for (const server of servers) server.on('error', swallow).on('acceptError', swallow);
let table;
lean
  .listen({ port: 0, host: '127.0.0.1' }, { data: (c, bytes) => void c.write(bytes) })
  .ready.then((ready) => (table = ready), swallow);

parentPort.on('message', (token) => {
  try {
    keep(net.Socket.attach(token)).write('attached');
    counts.attached += 1;
  } catch (error) {
    if (error.code === undefined) throw error;
  }
});

function connectSome() {
  const address = servers[0].address();
  if (address !== null) {
    keep(net.connect({ port: address.port, host: '127.0.0.1' })).write('tcp');
    keep(net.connect({ port: address.port, host: 'localhost', connectTimeout: 1000 })).write(
      'race',
    );
  }
  if (servers[1].listening) {
    const link = keep(net.connect({ path: unixPath, receiveDescriptors: true }));
    link.on('connect', () => {
      const other = sockets[random(sockets.length)];
      try {
        link.sendDescriptor('h', other, swallow);
      } catch (error) {
        if (error.code === undefined) throw error;
      }
    });
  }
  if (table?.port !== undefined) keep(net.connect(table.port, '127.0.0.1')).write('lean');
}

/** Takes all descriptors that there are, and gives them back. */
function exhaust() {
  const taken = [];
  try {
    for (;;) taken.push(fs.openSync('/dev/null', 'r'));
  } catch (error) {
    if (error.code !== 'EMFILE') throw error;
    counts.exhausted += 1;
  }
  try {
    connectSome();
  } finally {
    setImmediate(() => taken.forEach((fd) => fs.closeSync(fd)));
  }
}

function turn(left) {
  if (left % 10 === 0) {
    parentPort.postMessage({ counts });
    for (const name of Object.keys(counts)) counts[name] = 0;
  }
  if (left === 0) {
    if (ending === 'exit') process.exit(7);
    if (ending === 'throw') throw new Error('on purpose');
    // 'terminate': from outside, at any moment; until then it goes on.
    parentPort.postMessage({ isRipe: true });
  }
  connectSome();
  if (sockets.length > 0 && random(3) > 0) move(sockets[random(sockets.length)]);
  if (random(20) === 0 && Atomics.load(loading, 0) === 0) exhaust();
  if (random(5) === 0) {
    const peeked = sockets[random(sockets.length)];
    if (!peeked.destroyed && !peeked.connecting) peeked.peek(1 + random(8)).catch(swallow);
  }
  if (random(5) === 0) net.BlockList.from(shared).replaceMany(['192.0.2.0/24', '198.51.100.1']);
  while (sockets.length > 40) sockets.splice(random(sockets.length), 1)[0].destroy();
  setImmediate(turn, Math.max(left - 1, -1));
}
// Until all have loaded what they need, nobody takes the last descriptor.
Atomics.sub(loading, 0, 1);
turn(turns);
