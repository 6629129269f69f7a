import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { runChild, type Body, type Outcome } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** Several copies of uvnet in one thread, which load the same binary. */

const root = path.resolve(__dirname, '../..');
const binary = process.env['UVNET_BINDING'] ?? path.join(root, 'build/Release/uvnet.node');

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(path.join(tmpdir(), 'uvnet-copy-'));
  cpSync(path.join(root, 'dist'), path.join(copy, 'dist'), { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
});
afterAll(() => rmSync(copy, { recursive: true }));

/** Runs a program with the entry of the copy as its first argument. */
const run = (body: Body): Promise<Outcome> =>
  runChild(uvnet!, body, {
    args: [path.join(copy, 'dist/index.js')],
    env: { UVNET_BINDING: binary },
  });

test('two copies serve each other', async () => {
  const { stdout, stderr } = await run(({ net, require, args: [entry] }) => {
    const other = require(entry as string) as typeof net;
    const answer = (from: typeof net, to: typeof net, done: () => void): void => {
      const server = from.createServer((socket) => {
        socket.on('data', (bytes) => socket.end(`${String(bytes)} ${socket.remotePort === port}`));
      });
      let port: number | undefined;
      server.listen(0, '127.0.0.1', () => {
        const address = server.address() as import('node:net').AddressInfo;
        const client = to.connect(address.port, '127.0.0.1', () => {
          port = client.localPort;
          client.write('hello');
        });
        client.on('data', (bytes) => console.log(String(bytes)));
        client.on('close', () => server.close(done));
      });
    };
    answer(net, other, () => answer(other, net, () => answer(net, net, () => {})));
  });
  expect([stdout, stderr]).toEqual(['hello true\nhello true\nhello true\n', '']);
});

test('a copy attaches what another one has detached', async () => {
  const { stdout, stderr } = await run(({ net, require, args: [entry] }) => {
    const one = net as unknown as typeof import('../../lib/index');
    const two = require(entry as string) as typeof one;
    const server = one.createServer((socket) => {
      const theirs = two.Socket.attach(socket.detach());
      theirs.once('data', (bytes: Buffer) => theirs.end(`${String(bytes)} again`));
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as import('node:net').AddressInfo;
      const client = one.connect(port, '127.0.0.1', () => client.write('hello'));
      client.on('data', (bytes) => console.log(String(bytes)));
      client.on('close', () => server.close());
    });
  });
  expect([stdout, stderr]).toEqual(['hello again\n', '']);
});

test('a copy that is loaded again takes the place of its predecessor', async () => {
  const { stdout, stderr } = await run(({ require, args: [entry] }) => {
    const file = entry as string;
    const folder = file.slice(0, -'/index.js'.length);
    const instances = new Set<unknown>();
    for (let i = 0; i < 3; i++) {
      const { Socket } = require(file) as typeof import('../../lib/index');
      const { binding } = require(`${folder}/net.js`) as { binding: object };
      instances.add(Object.getPrototypeOf(binding));
      console.log(new Socket().readyState);
      for (const key of Object.keys(require.cache)) {
        if (key.startsWith(folder)) delete require.cache[key];
      }
    }
    console.log(instances.size);
  });
  expect([stdout, stderr]).toEqual(['open\nopen\nopen\n1\n', '']);
});
