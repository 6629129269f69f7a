import { spawn } from 'node:child_process';
import { once } from 'node:events';
import nodeNet from 'node:net';
import { createInterface } from 'node:readline';

import { addonEnvironment, programOf, runChild, type ChildTools } from '../helpers/child';
import { uvnet, type Implementation } from '../helpers/implementations';
import { leanEntry } from '../helpers/lean';

/** Chunks of some KiB, which a program may keep; see native/memory/chunk_memory.h. */

/** One read each: more than a part of a slab, and less than what is read into memory of its own. */
const MESSAGE = 16 * 1024;
const MESSAGES = 32 * 1024;
const CONNECTIONS = 4;
/** V8's limit for memory outside of its heap. */
const MOST_EXTERNAL = 64 * 1024 * 1024;

/** Answers each message with a byte until its stdin ends, and reports. */
function receive({ net, require: load, args: [message] }: ChildTools): void {
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
  const where = { port: 0, host: '127.0.0.1' };
  if ('Socket' in net) {
    const server = net.createServer((socket) => {
      let received = 0;
      socket.on('data', (bytes) => {
        received += bytes.length;
        if (received < message) return;
        received -= message;
        socket.write(answer);
      });
    });
    server.listen(where, () => console.log((server.address() as import('net').AddressInfo).port));
  } else {
    const { listen } = net as unknown as typeof import('../../lib/lean');
    const server = listen<number>(where, {
      open: (connection) => (connection.data = 0),
      data(connection, bytes) {
        connection.data += bytes.length;
        if (connection.data < message) return;
        connection.data -= message;
        connection.write(answer);
      },
    });
    void server.ready.then(() => console.log(server.port));
  }
  process.stdin.on('end', () => {
    // Entries come in a turn of their own.
    setImmediate(() => {
      console.log(majorCollections);
      process.exit();
    });
  });
  process.stdin.resume();
}

const receivers: [string, Implementation][] = [
  ['a socket', uvnet!],
  ['a handler table', leanEntry],
];

test.each(receivers)(
  'chunks of some KiB that %s gets and drops cause no marking of the heap',
  async (_, implementation) => {
    const source = programOf(implementation, receive, [MESSAGE]);
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
  },
);

test('a socket that has no memory for a chunk reports it, and loses no bytes silently', async () => {
  const { stdout, stderr } = await runChild(
    uvnet!,
    ({ net, require: load, args: [size] }) => {
      const { connect } = load('node:net') as typeof import('net');
      const server = net.createServer((socket) => {
        socket.on('data', () => {});
        socket.on('error', ({ code, syscall }: NodeJS.ErrnoException) => {
          console.log('error', code, syscall);
        });
        socket.on('close', () => server.close());
        Buffer.allocUnsafeSlow = () => {
          throw new RangeError('Array buffer allocation failed');
        };
        client.write(Buffer.alloc(size));
      });
      let client: import('net').Socket;
      server.listen(0, '127.0.0.1', () => {
        client = connect((server.address() as import('net').AddressInfo).port, '127.0.0.1');
        client.on('error', () => {});
      });
    },
    { args: [MESSAGE] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'error ENOMEM read\n', stderr: '' });
});
