// A proxy for any protocol over TCP or Unix sockets. It connects each accepted connection to a
// target, and reports at its end how many bytes have moved.
//
// - node examples/tcp-proxy.mjs [port or path] [target port, host:port or path]
//
// The bytes never enter JavaScript: relay() moves them natively until both sides have closed, with
// back-pressure and half-open connections.
import net from 'uvnet';
import { relay } from 'uvnet/lean';

const IDLE_TIMEOUT = 10 * 60 * 1000;

/** A port, host:port or a path. */
function endpoint(text) {
  const [, host = '127.0.0.1', port] = /^(?:(.*):)?(\d+)$/.exec(text) ?? [];
  return port === undefined ? { path: text } : { host, port: Number(port) };
}

const [listen = '8080', target = '80'] = process.argv.slice(2);
const wantsHelp = listen === '--help' || listen === '-h';
const isWrong = (text) => text.startsWith('-') || endpoint(text).port > 65_535;
if (wantsHelp || [listen, target].some(isWrong)) {
  (wantsHelp ? console.log : console.error)(
    'Usage: node examples/tcp-proxy.mjs [LISTEN] [TARGET]  (each PORT, HOST:PORT or PATH)',
  );
  process.exit(wantsHelp ? 0 : 2);
}
const targetEndpoint = endpoint(target);
const open = new Set();

async function pass(client) {
  open.add(client);
  const name = client.remoteAddress ? `${client.remoteAddress}:${client.remotePort}` : 'a client';
  try {
    const upstream = net.connect({ ...targetEndpoint, noDelay: true });
    const result = await relay(client, upstream, { idleTimeout: IDLE_TIMEOUT });
    console.log(
      `${name}: ${result.bytesAtoB} bytes sent, ${result.bytesBtoA} received, ${result.reason}`,
    );
  } catch (error) {
    console.log(`${name}: ${error.side === 'a' ? 'the client' : 'the target'}: ${error.message}`);
  }
  open.delete(client);
}

const server = net.createServer(
  { noDelay: true, pauseOnConnect: true },
  (client) => void pass(client),
);
server.on('error', (error) => {
  console.error(`tcp-proxy: ${error.message}`);
  process.exitCode = 1;
});
server.listen(endpoint(listen), () => {
  const address = server.address();
  console.log(`listening on ${typeof address === 'string' ? address : address.port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    for (const client of open) client.destroy();
  });
}
