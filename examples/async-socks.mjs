// A SOCKS5 proxy (RFC 1928) without authentication.
//
// - node examples/async-socks.mjs [port]
// - curl --socks5-hostname 127.0.0.1:1080 http://example.org/
//
// It shows a binary handshake, and relay(), which moves the bytes natively afterwards.
import { relay } from 'uvnet/lean';
import { connect, listen, serve } from 'uvnet/promises';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const CONNECT = 1;
const reply = {
  succeeded: 0,
  failure: 1,
  hostUnreachable: 4,
  refused: 5,
  unknownCommand: 7,
  unknownAddressType: 8,
};

const answer = (stream, code) => stream.write(Buffer.from([VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]));

async function readHost(stream, type) {
  if (type === 1) return (await stream.readExactly(4)).join('.');
  if (type === 3) {
    const [length] = await stream.readExactly(1);
    return String(await stream.readExactly(length));
  }
  if (type !== 4) return undefined;
  const bytes = await stream.readExactly(16);
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}

/** Returns the target; undefined if the client asks for something else. */
async function handshake(stream) {
  const [version, count] = await stream.readExactly(2);
  if (version !== VERSION) return undefined;
  const isOpen = (await stream.readExactly(count)).includes(NO_AUTHENTICATION);
  await stream.write(Buffer.from([VERSION, isOpen ? NO_AUTHENTICATION : 0xff]));
  if (!isOpen) return undefined;
  const [, command, , type] = await stream.readExactly(4);
  const host = await readHost(stream, type);
  if (host === undefined) return answer(stream, reply.unknownAddressType);
  const port = (await stream.readExactly(2)).readUInt16BE();
  if (command !== CONNECT) return answer(stream, reply.unknownCommand);
  return { host, port };
}

const codes = { ECONNREFUSED: reply.refused, ENOTFOUND: reply.hostUnreachable };

async function proxy(client) {
  const place = await handshake(client);
  if (place === undefined) return;
  let target;
  try {
    target = await connect({ ...place, connectTimeout: 10_000 });
  } catch ({ code }) {
    await answer(client, codes[code] ?? reply.failure);
    return;
  }
  await answer(client, reply.succeeded);
  // It is rejected if a side fails. Both are closed then, and nobody is left to be told.
  await relay(client.toSocket(), target.toSocket()).catch(() => {});
}

const listener = await listen({ port: Number(process.argv[2] ?? 1080), host: '127.0.0.1' });
console.log(`listening on ${listener.port}`);

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => ending.abort());
await serve(listener, proxy, { signal: ending.signal, gracePeriod: 1000 });
