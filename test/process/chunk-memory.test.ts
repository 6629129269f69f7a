import { spawn } from 'node:child_process';
import { once } from 'node:events';
import nodeNet from 'node:net';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, runChild, type ChildTools } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** The memory of received chunks; see native/memory/chunk_memory.h. */

const MEGABYTES = 512;
/** What the second test sends, what it does not look at, and how often it looks, in bytes. */
const TOTAL = 2e9;
const FIRST = 400e6;
const STEP = 1e6;
/** Half of the time that the heap is held for, in milliseconds. */
const PAUSE = 500;

/** Sends the megabytes through a connection after as many that are not counted, and reports. */
function bulk({ net, require: load, args: [megabytes] }: ChildTools): void {
  const { constants, PerformanceObserver } = load('node:perf_hooks') as typeof import('perf_hooks');
  let majorCollections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) majorCollections += 1;
    }
  });
  const server = net.createServer((socket) => {
    let received = 0;
    let counting = false;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (!counting && received >= megabytes * 1e6) {
        counting = true;
        observer.observe({ entryTypes: ['gc'] });
      }
    });
    socket.on('end', () => {
      // Entries come in a turn of their own.
      setImmediate(() => {
        console.log(majorCollections);
        process.exit();
      });
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const client = net.connect((server.address() as import('net').AddressInfo).port, '127.0.0.1');
    const piece = Buffer.alloc(64 * 1024, 'x');
    let left = (2 * megabytes * 1e6) / piece.length;
    const fill = (): void => {
      while (left > 0) {
        left -= 1;
        if (!client.write(piece)) return;
      }
      client.end();
    };
    client.on('drain', fill);
    fill();
  });
}

/**
 * Receives until its stdin ends, and tells how often the heap became smaller after the first part. After a pause it may,
 * since what holds its end is then given back.
 */
function receive({ net, require: load, args: [first, step, pause] }: ChildTools): void {
  const { readFileSync } = load('node:fs') as typeof import('fs');
  // See "[heap]" in proc_pid_maps(5); brk(2) moves its end.
  const endOfHeap = (): number =>
    Number.parseInt(
      /-([0-9a-f]+) .*\[heap\]/.exec(readFileSync('/proc/self/maps', 'latin1'))![1]!,
      16,
    );
  let received = 0;
  let looked = 0;
  let end = 0;
  let time = performance.now();
  let shrunk = 0;
  const server = net.createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      const lastTime = time;
      time = performance.now();
      if (time - lastTime > pause) end = 0;
      if (received < looked + step) return;
      looked = received;
      const last = end;
      end = endOfHeap();
      if (received > first && end < last) shrunk += 1;
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => {
    console.log((server.address() as import('net').AddressInfo).port);
  });
  process.stdin.on('end', () => {
    console.log(shrunk);
    process.exit();
  });
  process.stdin.resume();
}

test('short-lived chunks cause young collections and no marking of the heap', async () => {
  const { stdout, stderr } = await runChild(uvnet!, bulk, { args: [MEGABYTES] });
  expect(stderr).toBe('');
  // 64 MB of them outside of the heap would be one each.
  expect(Number(stdout)).toBeLessThanOrEqual(MEGABYTES / 64 / 4);
});

const { header } = process.report!.getReport() as unknown as { header: object };
const glibc = 'glibcVersionRuntime' in header;
// Its allocator keeps for a while what is freed, and then gives it back by rules of its own.
const sanitized = Boolean(addonEnvironment['LD_PRELOAD']);
const reason = !glibc
  ? ' [the C library is not glibc]'
  : sanitized
    ? ' [not with a sanitizer]'
    : '';

(reason === '' ? test : test.skip)(
  `their memory stays with the process between collections${reason}`,
  async () => {
    const source = programOf(uvnet!, receive, [FIRST, STEP, PAUSE]);
    const child = spawn(process.execPath, ['-e', source], {
      env: addonEnvironment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const port = Number((await lines.next()).value);
    // From another process: what this one allocates must not lie between the chunks.
    const piece = Buffer.alloc(64 * 1024, 'x');
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = nodeNet.connect(port, '127.0.0.1');
        for (let left = TOTAL / 4 / piece.length; left > 0; left--) {
          if (!client.write(piece)) await once(client, 'drain');
        }
        client.end().resume();
        await once(client, 'close');
      }),
    );
    child.stdin.end();
    // Without a guard 9 to 26 times on Node 20 to 24, and 2 to 9 times on Node 26. Page faults would tell less: V8 has
    // some of its own, at times 64 for each collection.
    expect(Number((await lines.next()).value)).toBeLessThanOrEqual(1);
  },
);
