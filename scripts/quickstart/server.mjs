// An echo server on TCP and on a local socket, in a separate process. Usage: server.mjs
// <uvnet|node:net> <path>. For the message 'usage', it returns its CPU time so far. It ends with
// its parent.
import { load } from './implementations.mjs';

const [name, path] = process.argv.slice(2);
const net = await load(name);

const echo = (socket) => {
  socket.pipe(socket);
  socket.on('error', (error) => console.error(`server on ${name}:`, error));
};

function listen(where) {
  return new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true }, echo);
    server.on('error', reject);
    server.listen(where, () => resolve(server));
  });
}

const tcp = await listen({ port: 0, host: '127.0.0.1' });
await listen({ path });

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ microseconds: user + system });
});
process.on('disconnect', () => process.exit());
process.send({
  backend: net.backend,
  endpoints: { TCP: { port: tcp.address().port, host: '127.0.0.1' }, 'unix socket': { path } },
});
