// Connections that arrive after the end of a program: Node still runs its loop for a moment, but
// JavaScript must not be entered any more.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import nodeNet from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { addonEnvironment, programOf, runChild, type ChildTools } from '../helpers/child';
import { nextEvent } from '../helpers/events';
import { implementations, uvnet } from '../helpers/implementations';
import { leanEntry } from '../helpers/lean';
import { onUnix } from '../helpers/platforms';
import { localPath } from '../helpers/scope';

/** Ends while a connection arrives at a server that does not keep the process alive. */
async function endBusy({ net, require, args: [what, watched, leanFile, path] }: ChildTools) {
  const hooks = require('node:async_hooks') as typeof import('node:async_hooks');
  const plain = require('node:net') as typeof import('node:net');
  const { once } = require('node:events') as typeof import('node:events');
  const storage = new hooks.AsyncLocalStorage();
  if (watched === 'async_hooks') hooks.createHook({ init: () => {} }).enable();
  let where: object;
  await storage.run('store', async () => {
    if (what === 'a handler table') {
      const lean = require(leanFile) as typeof import('../../lib/lean');
      const server = await lean.listen(
        { port: 0, host: '127.0.0.1' },
        { open: (peer) => peer.unref(), data: () => {} },
      ).ready;
      server.unref();
      where = { port: server.port, host: '127.0.0.1' };
      return;
    }
    const server = net.createServer((peer) => peer.unref());
    server.listen(what === 'a local connection' ? { path } : { port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const address = server.address() as import('node:net').AddressInfo;
    where = what === 'a local connection' ? { path } : { port: address.port, host: '127.0.0.1' };
    server.unref();
  });
  const first = plain.connect(where! as never).unref();
  if (what !== 'the first connection') {
    await once(first, 'connect');
    // It waits in the queue of the server, which is the loop's next concern.
    for (let i = 0; i < 2; ++i) await new Promise(setImmediate);
  }
  process.on('exit', () => {
    // Needs no loop.
    if (what !== 'the first connection') plain.connect(where as never);
    console.log('ends');
  });
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'uvnet-late-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const arrivals = [
  'the first connection',
  'another connection',
  'a local connection',
  'a handler table',
];

describe.each(['AsyncLocalStorage', 'async_hooks'])('with %s in use', (watched) => {
  test.each(arrivals)('%s does not change how the process ends', async (what) => {
    const args = [what, watched, leanEntry.entry, localPath(folder, 'socket')];
    const outcome = await runChild(uvnet!, endBusy, { args });
    expect(outcome).toEqual({ code: 0, signal: null, stdout: 'ends\n', stderr: '' });
  });
});

describe.each(implementations)('on $name', (implementation) => {
  onUnix('a late connection is left to the others that listen on the socket', async () => {
    const server = nodeNet.createServer().listen(0, '127.0.0.1');
    await nextEvent(server, 'listening');
    const { port } = server.address() as nodeNet.AddressInfo;
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const connects = `require('node:net').connect(${port}, '127.0.0.1', () => process.exit())`;
    const ends = ({ net, require, args: [source] }: ChildTools): void => {
      const shared = net.createServer().listen({ fd: 3 }, () => shared.unref());
      process.on('exit', () => {
        const { spawnSync } = require('node:child_process') as typeof import('node:child_process');
        spawnSync(process.execPath, ['-e', source as string]);
      });
    };
    const accepted = nextEvent(server, 'connection');
    // This thread waits for it, and so accepts nothing itself.
    const child = spawnSync(process.execPath, ['-e', programOf(implementation, ends, [connects])], {
      env: addonEnvironment,
      stdio: ['ignore', 'inherit', 'inherit', fd],
    });
    expect(child.status).toBe(0);
    const [peer] = (await accepted) as [nodeNet.Socket];
    peer.destroy();
    server.close();
  });
});
