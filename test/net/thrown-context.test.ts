// The async context of every callback of a socket or a server, and of exceptions there: one program
// must print the same with node:net and with uvnet.
import { runChild } from '../helpers/child';
import type { ChildTools } from '../helpers/child';
import { reference, uvnet } from '../helpers/implementations';

/** Uses connections in every state, and throws at the place that `args[0]` names, if any. */
function program({ net, require, args: [thrower] }: ChildTools): void {
  const { AsyncLocalStorage, executionAsyncId } =
    require('node:async_hooks') as typeof import('node:async_hooks');
  const storage = new AsyncLocalStorage<string>();
  const seen = new Set<string>();
  let idThere = 0;
  let monitored = '';
  let ticks = 0;
  process.on('uncaughtExceptionMonitor', () => {
    monitored = `monitor: ${storage.getStore() ?? 'none'}`;
  });
  const at = (place: string) => (): void => {
    seen.add(`${place}: ${storage.getStore() ?? 'none'}`);
    if (place !== thrower) return;
    idThere = executionAsyncId();
    process.nextTick(() => (ticks += 1));
    throw new Error(place);
  };
  process.on('uncaughtException', (error) => {
    const same = executionAsyncId() === idThere;
    const context = `${storage.getStore() ?? 'none'}, its id: ${same}`;
    // Further events are covered by the case that throws nothing. Node runs the remaining ticks in
    // an immediate.
    process.removeAllListeners('exit');
    setImmediate(() =>
      setImmediate(() => {
        // How many chunks have come by now is the kernel's matter.
        const ticked = `ticks: ${thrower === 'peer data' ? ticks > 0 : ticks}`;
        console.log(`uncaught ${error.message}: ${context}, ${monitored}, ${ticked}`);
        process.exit();
      }),
    );
  });
  process.on('exit', () => console.log([...seen].sort().join('\n')));
  const server = net.createServer({ allowHalfOpen: true });
  server.on('connection', (peer) => {
    peer.on('data', () => {});
    peer.on('end', () => storage.run('answer', () => peer.end('answer', at('peer end callback'))));
    peer.on('data', at('peer data'));
    peer.on('end', at('peer end'));
    peer.on('close', at('peer close'));
    peer.on('error', () => {});
  });
  server.on('connection', at('connection'));
  server.on('close', at('server close'));
  const inContext = <T>(name: string, body: () => T): T => storage.run(name, body);

  const connectTo = (port: number): void => {
    const client = new net.Socket();
    client.on('connect', () => {
      inContext('write', () => client.write('question', at('write callback')));
      // More than the kernel takes at once.
      inContext('large', () => client.write(Buffer.alloc(32 << 20), at('large write callback')));
      inContext('behind', () => client.write('x', at('write callback behind it')));
    });
    client.on('drain', () => {
      inContext('end', () => client.end(at('end callback')));
    });
    client.on('close', () => {
      inContext('server.close', () => server.close(at('server close callback')));
      destroyed(port);
    });
    for (const event of ['lookup', 'connect', 'ready', 'data', 'end', 'drain', 'finish', 'close']) {
      client.on(event, at(event));
    }
    inContext('timeout', () => client.setTimeout(1 << 30, at('timeout')));
    inContext('connect()', () => client.connect({ port, host: 'localhost', family: 4 }));
    inContext('emit', () => client.emit('timeout'));
  };
  const destroyed = (port: number): void => {
    const one = inContext('destroyed', () => net.connect(port, '127.0.0.1'));
    one.on('error', at('error'));
    one.on('close', at('close after error'));
    inContext('destroy()', () => one.destroy(new Error('x')));
    const controller = new AbortController();
    const other = inContext('aborted', () =>
      net.connect({ port, host: '127.0.0.1', signal: controller.signal } as never),
    );
    other.on('error', at('abort error'));
    other.on('close', at('close after abort'));
    inContext('abort()', () => controller.abort());
  };
  inContext('listen', () =>
    server.listen(0, '127.0.0.1', () => {
      connectTo((server.address() as { port: number }).port);
      at('listening')();
    }),
  );
}

const places = [
  'listening',
  'connection',
  'lookup',
  'connect',
  'ready',
  'data',
  'end',
  'drain',
  'finish',
  'close',
  'write callback',
  'large write callback',
  'write callback behind it',
  'end callback',
  'peer data',
  'peer end',
  'peer end callback',
  'peer close',
  'timeout',
  'error',
  'close after error',
  'abort error',
  'close after abort',
  'server close',
  'server close callback',
];

describe.each(['nowhere', ...places])('with an error thrown at %p', (place) => {
  test('everything runs, and is reported, in the contexts of node:net', async () => {
    const outcomes = await Promise.all(
      [reference, uvnet!].map((implementation) =>
        runChild(implementation, program, { args: [place] }),
      ),
    );
    const [expected, actual] = outcomes;
    expect(expected.stdout).toMatch(
      place === 'nowhere' ? /^close: connect\(\)$/m : `uncaught ${place}: `,
    );
    expect(actual).toEqual(expected);
  });
});
