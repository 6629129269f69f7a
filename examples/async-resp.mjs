// A Redis client with pipelining.
//
// - node examples/async-resp.mjs [port]
//
// It shows reads by need: a line, then as many bytes as the line says. Commands leave at once, and
// the replies arrive in the same order.
import { connect } from 'uvnet/promises';

class Redis {
  #stream;
  #last = Promise.resolve();

  constructor(stream) {
    this.#stream = stream;
  }

  /** Sends a command. Its reply is read after the replies of earlier commands. */
  command(...words) {
    const parts = words.map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`);
    this.#stream.write(`*${words.length}\r\n${parts.join('')}`);
    const reply = this.#last.then(() => this.#read());
    // After a reply that makes no sense, nobody knows where the next one begins.
    this.#last = reply.catch((error) => this.#stream.destroy(error));
    return reply.then((value) => {
      if (value instanceof Error) throw value;
      return value;
    });
  }

  close() {
    return this.#stream.close();
  }

  /** Reads one reply. An error of the server is a value here, because arrays may contain one. */
  async #read() {
    const line = await this.#stream.readLine();
    if (line === null) throw new Error('the server has closed the connection');
    const text = line.slice(1);
    const size = Number(text);
    if (':$*'.includes(line[0]) && !/^-?\d+$/.test(text)) throw new Error(`not a number: ${line}`);
    switch (line[0]) {
      case '+':
        return text;
      case '-':
        return new Error(text);
      case ':':
        return size;
      case '$':
        if (size < 0) return null;
        return String((await this.#stream.readExactly(size + 2)).subarray(0, size));
      case '*': {
        if (size < 0) return null;
        const items = [];
        for (let i = 0; i < size; i += 1) items.push(await this.#read());
        return items;
      }
      default:
        throw new Error(`not a reply of Redis: ${line}`);
    }
  }
}

const port = Number(process.argv[2] ?? 6379);
const redis = new Redis(await connect({ port, host: '127.0.0.1', noDelay: true }));

console.log(await redis.command('SET', 'greeting', 'hello, größer'));
console.log(await redis.command('GET', 'greeting'));
console.log(await redis.command('NONSENSE').catch((error) => `error: ${error.message}`));
await redis.command('DEL', 'count');
const counts = await Promise.all(
  Array.from({ length: 1000 }, () => redis.command('INCR', 'count')),
);
console.log(`1,000 commands in flight: ${counts[0]} to ${counts.at(-1)}`);
await redis.close();
