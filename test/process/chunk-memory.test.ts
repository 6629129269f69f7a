import { spawn } from 'node:child_process';
import { once } from 'node:events';
import nodeNet from 'node:net';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, runChild, type ChildTools } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** The memory of received chunks; see native/memory/chunk_memory.h. */

const MEGABYTES = 512;
/** Megabytes of a part, how many there are, and how many of them are not looked at. */
const PART = 100;
const PARTS = 20;
const SETTLED = 4;

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

/** Receives until its stdin ends, and tells the page faults of each part of the megabytes. */
function receive({ net, args: [megabytes] }: ChildTools): void {
  const faults: number[] = [];
  let received = 0;
  let last = 0;
  const server = net.createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received < (faults.length + 1) * megabytes * 1e6) return;
      const { minorPageFault } = process.resourceUsage();
      faults.push(minorPageFault - last);
      last = minorPageFault;
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => {
    console.log((server.address() as import('net').AddressInfo).port);
  });
  process.stdin.on('end', () => {
    console.log(JSON.stringify(faults));
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
  `their memory stays at hand between collections${reason}`,
  async () => {
    const source = programOf(uvnet!, receive, [PART]);
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
        for (let left = (PARTS * PART * 1e6) / 4 / piece.length; left > 0; left--) {
          if (!client.write(piece)) await once(client, 'drain');
        }
        client.end().resume();
        await once(client, 'close');
      }),
    );
    child.stdin.end();
    const faults = JSON.parse(String((await lines.next()).value)) as number[];
    // The first parts pay for the memory. Without the guard Node 26 has 160 to 420 in each of the
    // later ones, Node 22 and 24 thousands; Node 20 is too quick with its collections to show it.
    const [median] = faults
      .slice(SETTLED)
      .sort((a, b) => a - b)
      .slice((PARTS - SETTLED) / 2 - 1);
    expect(median).toBeLessThan(100);
  },
);
