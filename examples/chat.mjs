// A chat room for terminals: each user reads what the others type.
//
// - node examples/chat.mjs [port or path]
// - nc 127.0.0.1 4000 (or: nc -U /tmp/chat.sock)
//
// It shows how a server handles connections: a greeting, lines from a stream, a slow reader that
// must not delay the others, and a clean end.
import net from 'uvnet';

/** A client with this much unread data is disconnected. */
const MOST_UNREAD_BYTES = 1024 * 1024;
const LONGEST_LINE = 1000;

/** The users in the room: socket and name. */
const room = new Map();
let guests = 0;

/** Keeps only printable text, because input must not control the terminals of others. */
const clean = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '').trim(); // eslint-disable-line no-control-regex

function tell(socket, line) {
  socket.write(`${line}\n`);
  if (socket.writableLength > MOST_UNREAD_BYTES) socket.destroy();
}

function tellOthers(from, line) {
  for (const socket of room.keys()) {
    if (socket !== from) tell(socket, line);
  }
}

const actions = {
  '/who': (socket) => tell(socket, `* here: ${[...room.values()].join(', ')}`),
  '/quit': (socket) => socket.end('* bye\n'),
  '/name': (socket, words) => {
    const name = words.join(' ').slice(0, 20);
    if (name === '' || [...room.values()].includes(name)) {
      tell(socket, '* that name is taken, or empty');
      return;
    }
    tellOthers(socket, `* ${room.get(socket)} is now ${name}`);
    room.set(socket, name);
    tell(socket, `* you are ${name}`);
  },
};

function hear(socket, line) {
  const text = clean(line);
  if (text === '') return;
  const [word, ...rest] = text.split(' ');
  if (Object.hasOwn(actions, word)) actions[word](socket, rest);
  else tellOthers(socket, `${room.get(socket)}: ${text}`);
}

const server = net.createServer((socket) => {
  room.set(socket, `guest${++guests}`);
  tell(socket, `* welcome, ${room.get(socket)}. /name, /who, /quit`);
  tellOthers(socket, `* ${room.get(socket)} has joined`);

  socket.setEncoding('utf8');
  let waiting = '';
  socket.on('data', (text) => {
    const lines = (waiting + text).split('\n');
    waiting = lines.pop();
    for (const line of lines) {
      if (socket.writableEnded) return;
      hear(socket, line);
    }
    if (waiting.length > LONGEST_LINE) socket.destroy();
  });
  // The last line may have no line end; `nc` sends it at the end of its input.
  socket.on('end', () => {
    if (waiting !== '') hear(socket, waiting);
  });
  socket.on('close', () => {
    const name = room.get(socket);
    room.delete(socket);
    tellOthers(socket, `* ${name} has left`);
  });
  socket.on('error', () => {});
});

const where = process.argv[2] ?? '4000';
const wantsHelp = where === '--help' || where === '-h';
if (wantsHelp || where.startsWith('-') || Number(where) > 65_535) {
  (wantsHelp ? console.log : console.error)('Usage: node examples/chat.mjs [PORT or PATH]');
  process.exit(wantsHelp ? 0 : 2);
}
server.listen(/^\d+$/.test(where) ? { port: Number(where), host: '127.0.0.1' } : { path: where });
server.on('error', (error) => {
  console.error(`chat: ${error.message}`);
  process.exitCode = 1;
});
server.on('listening', () => {
  const address = server.address();
  console.log(`listening on ${typeof address === 'string' ? address : address.port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const socket of room.keys()) socket.end('* the room closes\n');
    server.close();
  });
}
