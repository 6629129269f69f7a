import { spawn } from 'node:child_process';
import { once } from 'node:events';
import nodeNet from 'node:net';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, type ChildTools } from '../helpers/child';
import { uvnet, type Implementation } from '../helpers/implementations';
import { leanEntry } from '../helpers/lean';

/** The memory of the Buffers that a program writes; see native/memory/chunk_memory.h. */

const TOTAL = 1024e6;
/** V8's limit for memory outside of its heap. */
const MOST_EXTERNAL = 64 * 1024 * 1024;

interface Collections {
  major: number;
  minor: number;
  /** How often the end of the heap moved down. */
  shrunk: number;
}

/** Writes Buffers of 64 KiB (`fresh`: each is a new one) as fast as they leave, and reports. */
function send({ net, require: load, args: [total, fresh] }: ChildTools): void {
  const { constants, PerformanceObserver } = load('node:perf_hooks') as typeof import('perf_hooks');
  const { readFileSync } = load('node:fs') as typeof import('fs');
  // See "[heap]" in proc_pid_maps(5); brk(2) moves its end.
  const endOfHeap = (): number =>
    Number.parseInt(
      /-([0-9a-f]+) .*\[heap\]/.exec(readFileSync('/proc/self/maps', 'latin1'))?.[1] ?? '0',
      16,
    );
  const found = { major: 0, minor: 0, shrunk: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) found.major += 1;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) found.minor += 1;
    }
  });
  const size = 64 * 1024;
  const piece = Buffer.alloc(size, 'x');
  let written = 0;
  let looked = 0;
  let end = 0;
  const look = (): void => {
    if (!fresh || written < looked + 1e6) return;
    looked = written;
    const last = end;
    end = process.platform === 'linux' ? endOfHeap() : 0;
    if (end < last) found.shrunk += 1;
  };
  const fill = (write: (bytes: Buffer) => boolean): void => {
    for (;;) {
      if (written === 0) observer.observe({ entryTypes: ['gc'] });
      if (written >= total) break;
      written += size;
      const isWritten = write(fresh ? Buffer.allocUnsafeSlow(size).fill('x') : piece);
      look();
      if (!isWritten) return;
    }
    // Entries come in a turn of their own.
    setImmediate(() => {
      console.log(JSON.stringify(found));
      process.exit();
    });
  };
  const where = { port: 0, host: '127.0.0.1' };
  if ('Socket' in net) {
    const server = net.createServer((socket) => {
      const write = (bytes: Buffer): boolean => socket.write(bytes);
      socket.on('drain', () => fill(write));
      fill(write);
    });
    server.listen(where, () => console.log((server.address() as import('net').AddressInfo).port));
  } else {
    const { listen } = net as unknown as typeof import('../../lib/lean');
    const start = (connection: import('../../lib/lean').Connection<any>): void =>
      fill((bytes) => connection.write(bytes));
    const server = listen(where, { open: start, drain: start });
    void server.ready.then(() => console.log(server.port));
  }
}

async function collectionsOf(implementation: Implementation, fresh: boolean): Promise<Collections> {
  const source = programOf(implementation, send, [TOTAL, fresh]);
  const child = spawn(process.execPath, ['-e', source], {
    env: addonEnvironment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  // In this process: the chunks that it receives must not cause collections in the other one.
  const client = nodeNet.connect(port, '127.0.0.1').resume();
  client.on('error', () => {});
  const found = JSON.parse((await lines.next()).value as string) as Collections;
  await once(client, 'close');
  return found;
}

const senders: [string, Implementation][] = [
  ['a socket', uvnet!],
  ['a handler table', leanEntry],
];

const { header } = process.report!.getReport() as unknown as { header: object };
// What keeps the heap large is for glibc's allocator. That of a sanitizer has rules of its own.
const guarded = 'glibcVersionRuntime' in header && !addonEnvironment['LD_PRELOAD'];

test.each(senders)(
  'Buffers that %s writes once cause no marking of the heap, and their memory stays with the process',
  async (_, implementation) => {
    const { major, shrunk } = await collectionsOf(implementation, true);
    // Without the garbage, 14 or 15 on Node 24 and 6 to 12 on Node 26, but none on Node 20: its V8 collects the young
    // generation after 32 MB of them.
    expect(major).toBeLessThanOrEqual(TOTAL / MOST_EXTERNAL / 4);
    // Without the guard 3 to 9 times.
    if (guarded) expect(shrunk).toBeLessThanOrEqual(1);
  },
);

test.each(senders)(
  'one Buffer that %s writes again and again causes no collections',
  async (_, implementation) => {
    const { minor } = await collectionsOf(implementation, false);
    // As many new Buffers cause about 30.
    expect(minor).toBeLessThanOrEqual(5);
  },
);
