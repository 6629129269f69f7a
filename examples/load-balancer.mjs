// Distributes connections over several backends (layer 4: it does not read their
// contents). The backend with the fewest connections gets the next one. A backend
// that cannot be reached is not used for a while, and the client does not notice.
//
//   node examples/load-balancer.mjs PORT BACKEND...      (host:port, port or path)
//   kill -USR2 <pid>                                     prints the counters
import { once } from 'node:events';
import net from 'uvnet';
import { relay } from 'uvnet/lean';

const CONNECT_TIMEOUT = 2000;
/** How long an unreachable backend is not used. */
const REST = 5000;

class Backend {
  open = 0;
  served = 0;
  failures = 0;
  bytesIn = 0;
  bytesOut = 0;
  downUntil = 0;

  constructor(name) {
    const [, host = '127.0.0.1', port] = /^(?:(.*):)?(\d+)$/.exec(name) ?? [];
    this.name = name;
    this.endpoint = port === undefined ? { path: name } : { host, port: Number(port) };
  }

  get isUp() {
    return performance.now() >= this.downUntil;
  }

  /** Returns a connection, or undefined if there is none. */
  async connect() {
    const socket = net.connect({
      ...this.endpoint,
      noDelay: true,
      allowHalfOpen: true,
      connectTimeout: CONNECT_TIMEOUT,
    });
    // Paused, so that its first bytes wait until the relay starts.
    socket.pause();
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      this.failures++;
      this.downUntil = performance.now() + REST;
      return undefined;
    }
  }

  async serve(client, socket) {
    this.open++;
    this.served++;
    const { bytesAtoB, bytesBtoA } = await relay(client, socket).catch((error) => error);
    this.open--;
    this.bytesIn += bytesAtoB;
    this.bytesOut += bytesBtoA;
  }
}

const [port, ...names] = process.argv.slice(2);
const backends = names.map((name) => new Backend(name));
const wantsHelp = port === '--help' || port === '-h';
const isWrong =
  !(Number(port) <= 65_535) ||
  backends.length === 0 ||
  backends.some(({ name, endpoint }) => name.startsWith('-') || endpoint.port > 65_535);
if (wantsHelp || isWrong) {
  (wantsHelp ? console.log : console.error)(
    'Usage: node examples/load-balancer.mjs PORT BACKEND...  (each HOST:PORT, PORT or PATH)',
  );
  process.exit(wantsHelp ? 0 : 2);
}
const open = new Set();

/** All backends, in the order in which they are tried. Unreachable ones come last. */
const candidates = () =>
  backends.toSorted((one, other) => other.isUp - one.isUp || one.open - other.open);

async function balance(client) {
  open.add(client);
  client.on('error', () => {}).once('close', () => open.delete(client));
  for (const backend of candidates()) {
    const socket = await backend.connect();
    if (socket === undefined) continue;
    if (client.destroyed) socket.destroy();
    else await backend.serve(client, socket);
    return;
  }
  client.resetAndDestroy();
}

const server = net.createServer(
  { noDelay: true, allowHalfOpen: true, pauseOnConnect: true },
  (client) => void balance(client),
);
server.on('error', (error) => {
  console.error(`load-balancer: ${error.message}`);
  process.exitCode = 1;
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

process.on('SIGUSR2', () => {
  for (const { name, isUp, open: now, served, failures, bytesIn, bytesOut } of backends) {
    const state = isUp ? 'up' : 'down';
    console.log(
      `${name}: ${state}, ${now} open, ${served} served, ${failures} failures, ` +
        `${bytesIn} bytes in, ${bytesOut} out`,
    );
  }
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    for (const client of open) client.destroy();
  });
}
