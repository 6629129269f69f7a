import { spawn } from 'node:child_process';
import { once } from 'node:events';
import nodeNet from 'node:net';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, type ChildTools } from '../helpers/child';
import { leanEntry } from '../helpers/lean';

/** The memory of the Buffers that a handler table may keep; see native/memory/chunk_memory.h. */

/** One read each: more than a part of a slab, and less than what is read into memory of its own. */
const MESSAGE = 16 * 1024;
const MESSAGES = 32 * 1024;
const CONNECTIONS = 4;
/** V8's limit for memory outside of its heap. */
const MOST_EXTERNAL = 64 * 1024 * 1024;

/** Answers each message with a byte until its stdin ends, and reports. */
function receive({ net, require: load, args: [message] }: ChildTools): void {
  const { listen } = net as unknown as typeof import('../../lib/lean');
  const { constants, PerformanceObserver } = load('node:perf_hooks') as typeof import('perf_hooks');
  let majorCollections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
      if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) majorCollections += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const answer = Buffer.from('x');
  const server = listen<number>(
    { port: 0, host: '127.0.0.1' },
    {
      open: (connection) => (connection.data = 0),
      data(connection, bytes) {
        connection.data += bytes.length;
        if (connection.data < message) return;
        connection.data -= message;
        connection.write(answer);
      },
    },
  );
  void server.ready.then(() => console.log(server.port));
  process.stdin.on('end', () => {
    // Entries come in a turn of their own.
    setImmediate(() => {
      console.log(majorCollections);
      process.exit();
    });
  });
  process.stdin.resume();
}

test('Buffers of some KiB that a handler table gets and drops cause no marking of the heap', async () => {
  const source = programOf(leanEntry, receive, [MESSAGE]);
  const child = spawn(process.execPath, ['-e', source], {
    env: addonEnvironment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  // From another process: what a client allocates would cause young collections.
  const message = Buffer.alloc(MESSAGE, 'x');
  let left = MESSAGES;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = nodeNet.connect(port, '127.0.0.1');
      const send = (): void => {
        if (left === 0) {
          client.end();
          return;
        }
        left -= 1;
        client.write(message);
      };
      client.on('connect', send).on('data', send);
      await once(client, 'close');
    }),
  );
  const closed = once(child, 'close');
  child.stdin.end();
  // Without young collections, one each time that the limit is reached.
  const limits = (MESSAGE * MESSAGES) / MOST_EXTERNAL;
  expect(Number((await lines.next()).value)).toBeLessThanOrEqual(limits / 8);
  await closed;
});
