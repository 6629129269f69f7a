// Threads of a program whose main thread does not use uvnet.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loaded } from '../../lib/internal/native/loader';
import { runChild, type ChildTools } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { onLinux } from '../helpers/platforms';

onLinux('the addon stays loaded when the last of them ends (/proc: Linux)', async () => {
  // Loading it again would allocate the memory of its C++ runtime again.
  const { stdout } = await runChild(
    { ...uvnet!, entry: 'node:net' },
    ({ require, args: [entry, binary] }) => {
      const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
      const { readFileSync } = require('node:fs') as typeof import('node:fs');
      const isLoaded = (): boolean => readFileSync('/proc/self/maps', 'utf8').includes(binary);
      const before = isLoaded();
      new Worker(`require(${JSON.stringify(entry)})`, { eval: true }).on('exit', (code) => {
        console.log(before, code, isLoaded());
      });
    },
    // It has another name in prebuilds/.
    { args: [uvnet!.entry, `/${path.basename(loaded.file!)}`] },
  );
  expect(stdout).toBe('false 0 true\n');
});

test('a worker that is terminated while it loads the addon does not end the process', async () => {
  const { stdout, signal } = await runChild(
    { ...uvnet!, entry: 'node:net' },
    ({ require, args: [binary] }) => {
      const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
      const program = `
        const exports = { set areaSize(size) { process.exit(7); } };
        process.dlopen({ exports }, ${JSON.stringify(binary)});`;
      new Worker(program, { eval: true }).on('exit', (code) => console.log(code));
    },
    { args: [loaded.file] },
  );
  expect([stdout, signal]).toEqual(['7\n', null]);
});

/**
 * Terminates a worker while it holds a descriptor as a number, and prints how many more there are of the
 * file afterwards.
 */
async function terminateHolding({
  require,
  args: [entry, mode, folder],
}: ChildTools): Promise<void> {
  const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
  const fs = require('node:fs') as typeof import('node:fs');
  const { once } = require('node:events') as typeof import('node:events');
  const net = require(entry) as typeof import('../../lib/index');
  const file = fs.openSync('/etc/hostname', 'r');
  const name = fs.readlinkSync(`/proc/self/fd/${file}`);
  const nameOf = (fd: string): string | undefined => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return undefined;
    }
  };
  const count = (): number =>
    fs.readdirSync('/proc/self/fd').filter((fd) => nameOf(fd) === name).length;
  const before = count();
  const path = `${folder}/socket`;
  const sends = `
    const socket = net.connect(path, () => {
      socket.write(Buffer.alloc(8 << 20));
      socket.sendDescriptor('x', file);
      parentPort.postMessage('');
    });`;
  const receives = `
    net.createServer({ receiveDescriptors: true }, (socket) => {
      socket.on('descriptor', () => {
        parentPort.postMessage('');
        for (;;);
      });
      socket.resume();
    }).listen(path, () => parentPort.postMessage(''));`;
  const source = `
    const { parentPort, workerData: { path, file } } = require('node:worker_threads');
    const net = require(${JSON.stringify(entry)});
    ${mode === 'sends' ? sends : receives}`;
  // Takes nothing, so that what the worker sends has to wait.
  const server = mode === 'sends' ? net.createServer({ pauseOnConnect: true }) : undefined;
  if (server !== undefined) await once(server.listen(path), 'listening');
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(source, { eval: true, workerData: { path, file } });
    await once(worker, 'message');
    if (mode === 'receives') {
      const inEvent = once(worker, 'message');
      const client = net.connect(path);
      client.sendDescriptor('x', file);
      await inEvent;
      client.destroy();
    }
    await worker.terminate();
    if (server === undefined) fs.rmSync(path, { force: true });
  }
  console.log(count() - before);
  process.exit();
}

onLinux.each(['sends', 'receives'])(
  'a worker that is terminated while it %s a descriptor leaves none (/proc: Linux)',
  async (mode) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'uvnet-workers-'));
    try {
      const args = [uvnet!.entry, mode, folder];
      const { stdout, stderr } = await runChild(uvnet!, terminateHolding, { args });
      expect([stdout, stderr]).toEqual(['0\n', '']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
