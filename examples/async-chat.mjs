// A chat room with async functions.
//
// - node examples/async-chat.mjs [port]
// - nc 127.0.0.1 4001
//
// It shows serve(): one function handles one user, from the greeting to the end.
import { listen, serve } from 'uvnet/promises';

/** A client with this much unread data is disconnected. */
const MOST_UNREAD_BYTES = 1024 * 1024;
const LINES = { max: 1000 };

/** The users in the room: stream and name. */
const room = new Map();

/** Keeps only printable text, because input must not control the terminals of others. */
const clean = (text) => (text ?? '').replace(/[\u0000-\u001f\u007f-\u009f]/g, '').trim(); // eslint-disable-line no-control-regex

function tellOthers(from, line) {
  for (const stream of room.keys()) {
    if (stream === from) continue;
    // Not awaited: a slow reader does not delay the others.
    stream.write(`${line}\n`);
    if (stream.writableLength > MOST_UNREAD_BYTES) stream.destroy();
  }
}

/** Asks for a name that nobody in the room has; empty if the user gives none. */
async function askName(stream) {
  await stream.write('* your name?\n');
  for (;;) {
    const name = clean(await stream.readLine({ ...LINES, timeout: 60_000 })).slice(0, 20);
    if (![...room.values()].includes(name)) return name;
    await stream.write(`* ${name} is here already. Another name?\n`);
  }
}

async function visit(stream) {
  const name = await askName(stream);
  if (name === '') return;
  room.set(stream, name);
  tellOthers(stream, `* ${name} has joined`);
  try {
    await stream.write(`* welcome, ${name}. Here: ${[...room.values()].join(', ')}\n`);
    for await (const line of stream.lines(LINES)) {
      const text = clean(line);
      if (text !== '') tellOthers(stream, `${name}: ${text}`);
    }
  } finally {
    room.delete(stream);
    tellOthers(stream, `* ${name} has left`);
  }
}

const port = Number(process.argv[2] ?? 4001);
const listener = await listen({ port, host: '127.0.0.1' });
console.log(`listening on ${listener.port}`);

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());
await serve(listener, visit, { signal: ending.signal, gracePeriod: 0 });
