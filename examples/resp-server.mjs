// A small server of the Redis protocol (RESP 2): an in-memory table of strings.
//
//   node examples/resp-server.mjs [port or path]
//   redis-cli -p 6380 set greeting hello
//   redis-benchmark -p 6380 -t ping,set,get -P 16 -n 500000
//
// Every reply is a write of its own, the simplest way to write such a server.
// uvnet sends the first write of a turn of the event loop at once and gathers
// the others of that turn into one system call, so pipelined clients
// (`redis-benchmark -P`) are served without any cork and uncork here.
import net from 'uvnet';

/** A client that sends a longer request is disconnected. */
const MOST_BYTES = 64 * 1024 * 1024;
const CR = 13;
const DIGIT_ZERO = 48;

class ProtocolError extends Error {}

/**
 * Splits the stream of bytes into commands. A command is an array of byte strings
 * ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), or a line of words as typed into `nc`. Bytes of an incomplete
 * command are kept until the rest arrives.
 */
class CommandParser {
  #bytes = Buffer.alloc(0);

  /** Calls `onCommand` with the words of each complete command. */
  push(chunk, onCommand) {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    let start = 0;
    while (start < this.#bytes.length) {
      const next = this.#command(start, onCommand);
      if (next < 0) break;
      start = next;
    }
    this.#bytes = this.#bytes.subarray(start);
    if (this.#bytes.length > MOST_BYTES) throw new ProtocolError('too big a request');
  }

  /** Reads one command. Returns the start of the next one, or -1 if bytes are missing. */
  #command(start, onCommand) {
    if (this.#bytes[start] !== 0x2a /* * */) return this.#inline(start, onCommand);
    const header = this.#number(start + 1);
    if (header === undefined) return -1;
    let { value: count, next } = header;
    if (count > 1024 * 1024) throw new ProtocolError('invalid multibulk length');
    const words = [];
    for (; count > 0; count--) {
      if (next >= this.#bytes.length) return -1;
      if (this.#bytes[next] !== 0x24 /* $ */) throw new ProtocolError("expected '$'");
      const length = this.#number(next + 1);
      if (length === undefined) return -1;
      if (length.value < 0 || length.value > MOST_BYTES) {
        throw new ProtocolError('invalid bulk length');
      }
      const end = length.next + length.value;
      if (end + 2 > this.#bytes.length) return -1;
      words.push(this.#bytes.subarray(length.next, end));
      next = end + 2;
    }
    if (words.length > 0) onCommand(words);
    return next;
  }

  #inline(start, onCommand) {
    const end = this.#bytes.indexOf('\n', start);
    if (end < 0) return -1;
    const line = this.#bytes.toString('latin1', start, end).trim();
    if (line !== '') onCommand(line.split(/\s+/).map((word) => Buffer.from(word, 'latin1')));
    return end + 1;
  }

  /** The decimal number at `start`, and the start of the next line. */
  #number(start) {
    const end = this.#bytes.indexOf(CR, start);
    if (end < 0 || end + 2 > this.#bytes.length) return undefined;
    const negative = this.#bytes[start] === 0x2d; // -
    let value = 0;
    for (let at = negative ? start + 1 : start; at < end; at++) {
      const digit = this.#bytes[at] - DIGIT_ZERO;
      if (digit < 0 || digit > 9) throw new ProtocolError('invalid number');
      value = value * 10 + digit;
    }
    return { value: negative ? -value : value, next: end + 2 };
  }
}

/** Values by key. Keys are compared byte by byte, so they are latin1: one character per byte. */
const table = new Map();

const simple = (text) => `+${text}\r\n`;
const error = (text) => `-ERR ${text}\r\n`;
const integer = (value) => `:${value}\r\n`;
const NOTHING = '$-1\r\n';

/** Writes a value as a "bulk string": its length, then its bytes. */
function writeBulk(socket, bytes) {
  if (bytes === undefined) {
    socket.write(NOTHING);
  } else {
    // Short values become one text, so that one call writes them.
    const text = bytes.length <= 1024 ? bytes.toString('latin1') : undefined;
    if (text !== undefined) {
      socket.write(`$${bytes.length}\r\n${text}\r\n`, 'latin1');
    } else {
      socket.write(`$${bytes.length}\r\n`);
      socket.write(bytes);
      socket.write('\r\n');
    }
  }
}

/** Name → the smallest number of arguments, and the handler. */
const commands = {
  PING: [0, (socket, [text]) => (text ? writeBulk(socket, text) : socket.write(simple('PONG')))],
  ECHO: [1, (socket, [text]) => writeBulk(socket, text)],
  SET: [
    2,
    (socket, [key, value]) => {
      // A copy, so that the value does not keep its chunk in memory.
      table.set(key.toString('latin1'), Buffer.from(value));
      socket.write(simple('OK'));
    },
  ],
  GET: [1, (socket, [key]) => writeBulk(socket, table.get(key.toString('latin1')))],
  DEL: [
    1,
    (socket, keys) => {
      socket.write(integer(keys.filter((key) => table.delete(key.toString('latin1'))).length));
    },
  ],
  INCR: [
    1,
    (socket, [key]) => {
      const name = key.toString('latin1');
      const text = table.get(name)?.toString('latin1') ?? '0';
      if (!/^-?\d{1,15}$/.test(text)) {
        socket.write(error('value is not an integer or out of range'));
        return;
      }
      const value = Number(text) + 1;
      table.set(name, Buffer.from(String(value)));
      socket.write(integer(value));
    },
  ],
  // redis-cli and redis-benchmark request these when they start, but do not need an answer.
  COMMAND: [0, (socket) => socket.write('*0\r\n')],
  CONFIG: [0, (socket) => socket.write('*0\r\n')],
  QUIT: [0, (socket) => socket.end(simple('OK'))],
};

function execute(socket, [name, ...args]) {
  const upper = name.toString('latin1').toUpperCase();
  if (!Object.hasOwn(commands, upper)) {
    socket.write(error(`unknown command '${upper.slice(0, 64).replace(/[^ -~]/g, '?')}'`));
    return;
  }
  const [least, run] = commands[upper];
  if (args.length < least) {
    socket.write(error(`wrong number of arguments for '${upper.toLowerCase()}' command`));
    return;
  }
  run(socket, args);
}

const server = net.createServer({ noDelay: true }, (socket) => {
  const parser = new CommandParser();
  socket.on('data', (chunk) => {
    try {
      parser.push(chunk, (words) => {
        if (!socket.writableEnded) execute(socket, words);
      });
    } catch (problem) {
      if (!(problem instanceof ProtocolError)) throw problem;
      socket.end(error(`Protocol error: ${problem.message}`));
      return;
    }
    // If a client does not read its answers, the server reads no further commands.
    if (socket.writableNeedDrain) {
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
  });
  // A client that disconnects must not end the server.
  socket.on('error', () => {});
});

const where = process.argv[2] ?? '6380';
const wantsHelp = where === '--help' || where === '-h';
if (wantsHelp || where.startsWith('-') || Number(where) > 65_535) {
  (wantsHelp ? console.log : console.error)('Usage: node examples/resp-server.mjs [PORT or PATH]');
  process.exit(wantsHelp ? 0 : 2);
}
server.listen(/^\d+$/.test(where) ? { port: Number(where), host: '127.0.0.1' } : { path: where });
server.on('error', (error) => {
  console.error(`resp-server: ${error.message}`);
  process.exitCode = 1;
});
server.on('listening', () => {
  const address = server.address();
  console.log(`listening on ${typeof address === 'string' ? address : address.port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
