// Exceptions in callbacks that only uvnet has are reported in the async context in which they were
// thrown, in a domain too.
import { runChild, type ChildTools } from '../helpers/child';
import { uvnet } from '../helpers/implementations';
import { leanEntry } from '../helpers/lean';

/**
 * Throws at the place that `args[0]` names; prints where the process or the domain sees it. A worker
 * ends itself at once.
 */
function program({ require, args }: Pick<ChildTools, 'require' | 'args'>): void {
  const [place, mode, entry, leanFile] = args as [string, string, string, string];
  const { Worker, isMainThread } =
    require('node:worker_threads') as typeof import('node:worker_threads');
  if (mode === 'worker' && isMainThread) {
    const source = `(${program.toString()})({ require, args: ${JSON.stringify(args)} })`;
    new Worker(source, { eval: true }).on('exit', (code) => console.log(`exit ${code}`));
    return;
  }
  const net = require(entry) as typeof import('../../lib/index');
  const { relay } = require(leanFile) as typeof import('../../lib/lean');
  const { AsyncLocalStorage, executionAsyncId } =
    require('node:async_hooks') as typeof import('node:async_hooks');
  const storage = new AsyncLocalStorage<string>();
  let thrownIn = 0;
  const at = (name: string) => (): void => {
    if (name !== place || thrownIn !== 0) return;
    thrownIn = executionAsyncId();
    throw new Error(`${name} in ${storage.getStore() ?? 'none'}`);
  };
  const tell = (who: string, error: Error): void => {
    const isSame = executionAsyncId() === thrownIn;
    console.log(`${who}: ${error.message}, seen in ${storage.getStore() ?? 'none'}, ${isSame}`);
    if (mode === 'worker') process.exit(3);
    setImmediate(() => process.exit());
  };

  const run = (): void => {
    const server = net.createServer((peer) => {
      peer.on('error', () => {});
      peer.write('hello');
      // It does not end the relay, which may be over before its first report otherwise.
      peer.resume();
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const connect = (name: string): import('../../lib/index').Socket =>
        storage.run(name, () => net.connect({ port, host: 'localhost', connectConcurrency: 2 }));
      const a = connect('a');
      a.on('connectionAttempt', at('attempt'));
      a.on('connect', at('connect'));
      a.on('close', at('relay close'));
      a.on('error', () => {});
      const b = connect('b');
      b.on('error', () => {});
      const c = connect('c');
      c.on('data', at('data'));
      a.on('connect', () => {
        storage.run(
          'peek',
          () =>
            void a
              .peek(2)
              .then(at('peek'), () => {})
              .finally(goOn),
        );
      });
      const goOn = (): void => {
        storage.run('relay', () => {
          const onProgress = at('progress');
          relay(a, b, { onProgress, progressInterval: 1 }).catch(() => {});
        });
        if (place === 'relay close') setImmediate(() => a.destroy());
      };
    });
  };

  if (mode === 'domain') {
    const domain = (require('node:domain') as typeof import('node:domain')).create();
    domain.on('error', (error) => tell('domain', error));
    domain.run(run);
  } else {
    process.on('uncaughtException', (error) => tell(mode, error));
    run();
  }
}

const places: [string, string][] = [
  ['attempt', 'a'],
  ['connect', 'a'],
  ['data', 'c'],
  ['peek', 'peek'],
  ['progress', 'relay'],
  ['relay close', 'a'],
];

describe.each(['process', 'domain', 'worker'])('in a %s', (mode) => {
  test.each(places)('an exception at %p is reported in its context', async (place, store) => {
    const args = [place, mode, uvnet!.entry, leanEntry.entry];
    const { stdout, stderr } = await runChild(uvnet!, program, { args });
    const end = mode === 'worker' ? 'exit 3\n' : '';
    expect(stderr).toBe('');
    expect(stdout).toContain(`${mode}: ${place} in ${store}, seen in ${store}, `);
    // What a promise's callback throws may be reported later, when nobody has caught it.
    if (place === 'peek') expect(stdout.endsWith(end)).toBe(true);
    else expect(stdout.endsWith(`, true\n${end}`)).toBe(true);
  });
});
