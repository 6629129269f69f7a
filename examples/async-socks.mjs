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
  networkUnreachable: 3,
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

const codes = {
  ECONNREFUSED: reply.refused,
  EHOSTUNREACH: reply.hostUnreachable,
  ENETUNREACH: reply.networkUnreachable,
  ENOTFOUND: reply.hostUnreachable,
};
const ending = new AbortController();
const { signal } = ending;

/** Joins two streams until both have ended. */
async function join(...streams) {
  const ends = [...streams];
  try {
    for (const [i, stream] of streams.entries()) ends[i] = stream.toSocket().on('error', () => {});
    // Tunnels may last for days, so that the end of the proxy does not wait for them.
    await relay(...ends, { signal });
  } catch {
    // A side has failed. If that was before the relay began, the other one is still open.
    for (const end of ends) end.destroy();
  }
}

async function proxy(client) {
  const place = await handshake(client);
  if (place === undefined) return;
  let target;
  try {
    // Without a host, connect() would take localhost.
    if (place.host === '') throw new Error('the name is empty');
    target = await connect({ ...place, connectTimeout: 10_000, signal });
  } catch ({ code }) {
    await answer(client, codes[code] ?? reply.failure);
    return;
  }
  // If the client has gone, this fails, and so does join(), which closes the target.
  answer(client, reply.succeeded);
  await join(client, target);
}

const listener = await listen({ port: Number(process.argv[2] ?? 1080), host: '127.0.0.1' });
console.log(`listening on ${listener.port}`);

for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => ending.abort());
await serve(listener, proxy, { signal, gracePeriod: 1000 });
