// Writes in the turn in which a program ends itself. Only process.exit() emits an event with which
// uvnet can send gathered data; see docs/COMPATIBILITY.md.
import { runChild } from '../helpers/child';
import { deferred } from '../helpers/events';
import { describeNet } from '../helpers/implementations';
import { leanEntry, LeanScope } from '../helpers/lean';
import { portOf } from '../helpers/scope';

const SIGNALS = { kill: 'SIGTERM', abort: 'SIGABRT', reallyExit: null, exit: null } as const;
const ENDS = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];

describeNet('a program that ends itself', (implementation) => {
  const { scope, isUvnet } = implementation;

  /** The data that a server gets from a client that writes three times and ends its process. */
  async function sentBefore(how: keyof typeof SIGNALS, withCallback: boolean): Promise<string> {
    const received = deferred<string>();
    const server = await scope.listen(
      scope.server((socket) => {
        let text = '';
        socket.on('error', () => {});
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.on('close', () => received.resolve(text));
      }),
    );
    const { signal } = await runChild(
      implementation,
      ({ net, args: [port, end, callback] }) => {
        const socket = net.connect(port, '127.0.0.1', () => {
          socket.write('one ');
          socket.write('two ');
          socket.write('three', callback ? () => {} : undefined);
          if (end === 'kill') process.kill(process.pid, 'SIGTERM');
          else (process as unknown as Record<string, (code?: number) => void>)[end]!(0);
        });
      },
      { args: [portOf(server), how, withCallback] },
    );
    expect(signal).toBe(SIGNALS[how]);
    return received.promise;
  }

  test.each(ENDS)(
    'with process.%s() has sent everything up to a write with a callback',
    async (how) => {
      expect(await sentBefore(how, true)).toBe('one two three');
    },
  );

  test.each(ENDS)('with process.%s() has sent at least its first write', async (how) => {
    const first = isUvnet && how !== 'exit';
    expect(await sentBefore(how, false)).toBe(first ? 'one ' : 'one two three');
  });
});

describe('a handler that ends the program', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test('with process.exit() after several writes has sent everything', async () => {
    const received = deferred<string>();
    let text = '';
    const server = await scope.listen({
      data: (_connection, bytes) => (text += bytes.toString()),
      close: () => received.resolve(text),
    });
    await runChild(
      leanEntry,
      ({ net, args: [port] }) => {
        const { connect } = net as unknown as typeof import('../../lib/lean');
        void connect(
          { port, host: '127.0.0.1' },
          {
            open(connection) {
              for (const part of ['one ', 'two ', 'three']) connection.write(part);
              process.exit(0);
            },
          },
        );
      },
      { args: [server.port] },
    );
    expect(await received.promise).toBe('one two three');
  });
});
