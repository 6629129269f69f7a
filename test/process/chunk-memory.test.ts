import { addonEnvironment, runChild, type ChildTools } from '../helpers/child';
import { uvnet } from '../helpers/implementations';

/** What becomes of the memory of received chunks; see native/chunk_memory.h. */

interface Report {
  majorCollections: number;
  faults: number;
}

const MEGABYTES = 512;
const PAGES = (MEGABYTES * 1e6) / 4096;

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
  let faults = 0;
  const server = net.createServer((socket) => {
    let received = 0;
    let counting = false;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (!counting && received >= megabytes * 1e6) {
        counting = true;
        faults = process.resourceUsage().minorPageFault;
        observer.observe({ entryTypes: ['gc'] });
      }
    });
    socket.on('end', () => {
      faults = process.resourceUsage().minorPageFault - faults;
      // Entries come in a turn of their own.
      setImmediate(() => {
        console.log(JSON.stringify({ majorCollections, faults }));
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

const { report } = process;
const glibc = 'glibcVersionRuntime' in ((report?.getReport() as { header: object }).header ?? {});
// A sanitizer's allocator keeps what is freed for a while, so that every page is a new one.
const plain = !addonEnvironment['LD_PRELOAD'];
const run = async (): Promise<Report> => {
  const { stdout, stderr } = await runChild(uvnet!, bulk, { args: [MEGABYTES] });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Report;
};

test('chunks that die young bring about young collections, no marking of the heap', async () => {
  // 64 MB of them outside of the heap would be one each.
  expect((await run()).majorCollections).toBeLessThanOrEqual(MEGABYTES / 64 / 4);
});

(glibc && plain ? test : test.skip)('their memory stays at hand between collections', async () => {
  expect((await run()).faults).toBeLessThan(PAGES / 60);
});
