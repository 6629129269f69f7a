// A client of OpenSSH's server, and a client and a server of ssh2's own.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import ssh2 from 'ssh2';
import { busy } from './busy.mjs';

const { SSH_PORT, SSH_USER, SSH_KEY } = process.env;
const privateKey = readFileSync(SSH_KEY);

async function connect(port) {
  const client = new ssh2.Client();
  const ready = once(client, 'ready');
  client.connect({ host: '127.0.0.1', port: Number(port), username: SSH_USER, privateKey });
  await ready;
  return client;
}
async function echo(client, command, input) {
  const stream = await new Promise((resolve, reject) =>
    client.exec(command, (error, made) => (error ? reject(error) : resolve(made))),
  );
  stream.end(input);
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const real = await connect(SSH_PORT);
console.log(String(await echo(real, 'echo hello', '')));
const big = Buffer.alloc(3_000_000, 's');
console.log((await echo(real, 'cat', big)).equals(big));
real.end();

const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
  client.on('authentication', (context) => context.accept());
  client.on('session', (accept) => {
    accept().on('exec', (acceptExec) => {
      const stream = acceptExec();
      stream.pipe(stream);
      stream.on('end', () => {
        stream.exit(0);
        stream.end();
      });
    });
  });
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const own = await connect(server.address().port);
const huge = Buffer.alloc(20_000_000, 't');
await busy(async () => console.log((await echo(own, 'echo', huge)).equals(huge)));
own.end();
server.close();
