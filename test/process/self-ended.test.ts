// What was written in the turn in which a program ends itself leaves before, as with node:net.
import { runChild } from '../helpers/child';
import { deferred } from '../helpers/events';
import { describeNet, uvnet } from '../helpers/implementations';
import { leanEntry, LeanScope } from '../helpers/lean';
import { portOf } from '../helpers/scope';

const ENDS = ['kill', 'abort', 'reallyExit', 'exit'] as const;

describeNet('a program that ends itself', (implementation) => {
  const { scope } = implementation;

  test.each(ENDS)('by process.%s() after several writes', async (how) => {
    const received = deferred<string>();
    const server = await scope.listen(
      scope.server((socket) => {
        let text = '';
        socket.on('error', () => {});
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.on('close', () => received.resolve(text));
      }),
    );
    const outcome = await runChild(
      implementation,
      ({ net, args: [port, end] }) => {
        const socket = net.connect(port, '127.0.0.1', () => {
          for (const text of ['one ', 'two ', 'three']) socket.write(text);
          if (end === 'kill') process.kill(process.pid, 'SIGTERM');
          else (process as unknown as Record<string, (code?: number) => void>)[end]!(0);
        });
      },
      { args: [portOf(server), how] },
    );
    expect(await received.promise).toBe('one two three');
    const signals = { kill: 'SIGTERM', abort: 'SIGABRT', reallyExit: null, exit: null };
    expect(outcome.signal).toBe(signals[how]);
  });
});

describe('a handler that ends the program', () => {
  const scope = new LeanScope();
  afterEach(() => scope.dispose());

  test.each(ENDS)('by process.%s() after several writes', async (how) => {
    const received = deferred<string>();
    let text = '';
    const server = await scope.listen({
      data: (_connection, bytes) => (text += bytes.toString()),
      close: () => received.resolve(text),
    });
    await runChild(
      leanEntry,
      ({ net, args: [port, end] }) => {
        const { connect } = net as unknown as typeof import('../../lib/lean/index');
        void connect(
          { port, host: '127.0.0.1' },
          {
            open(connection) {
              for (const part of ['one ', 'two ', 'three']) connection.write(part);
              if (end === 'kill') process.kill(process.pid, 'SIGTERM');
              else (process as unknown as Record<string, (code?: number) => void>)[end]!(0);
            },
          },
        );
      },
      { args: [server.port, how] },
    );
    expect(await received.promise).toBe('one two three');
  });
});

test('process.kill() of others, and of none, is as it was', async () => {
  const { stdout } = await runChild(uvnet!, ({ net }) => {
    const { kill, abort } = process;
    const server = net
      .createServer((socket) => socket.resume())
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as import('node:net').AddressInfo;
        const socket = net.connect(port, '127.0.0.1', () => {
          socket.write('1');
          socket.write('2');
          socket.end();
          server.close();
          const same = (a: { name: string; length: number }, b: typeof a): boolean =>
            a.name === b.name && a.length === b.length;
          console.log(same(kill, process.kill), same(abort, process.abort));
          console.log(process.kill(process.pid, 0));
          try {
            process.kill(process.pid, 'SIGNONE');
          } catch (error) {
            console.log((error as NodeJS.ErrnoException).code);
          }
        });
      });
  });
  expect(stdout).toBe('true true\ntrue\nERR_UNKNOWN_SIGNAL\n');
});
