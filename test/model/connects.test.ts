// connect() in any order, with addresses, names and paths, on sockets that were used before. Every
// failure is an 'error' with a code and not an exception of our own, and each socket closes.
//
// This does not run on node:net: there a TCP socket that connects to a path aborts the process on
// older versions, and a pipe that connects twice leaves a loop that never ends.
import { nextEvent, nextTurn } from '../helpers/events';
import { modelTests } from '../helpers/model';
import { Random } from '../helpers/random';
import { endpointOf, portOf } from '../helpers/scope';
import { describeUvnet } from '../helpers/uvnet';

const STEPS_OF_ONE = 20;

describeUvnet('connect() in any order', ({ net, scope }) => {
  type Answer = (error: Error | null, addresses: { address: string; family: number }[]) => void;

  async function play(seed: number, port: number, path: string): Promise<void> {
    const random = new Random(seed);
    const socket = scope.track(new net.Socket());
    const failures: string[] = [];
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof TypeError || typeof error.code !== 'string') {
        failures.push(`${error.stack}`);
      }
    });
    socket.on('data', () => {});
    const lookup = (_name: string, _options: object, answer: Answer): void => {
      const addresses = ['127.0.0.1', '127.0.0.2', '::1'].slice(0, random.integer(0, 3));
      const found = addresses.map((address) => ({ address, family: net.isIP(address) }));
      const failed =
        found.length === 0 ? Object.assign(new Error('none'), { code: 'ENONE' }) : null;
      setImmediate(() => answer(failed, found));
    };
    const steps: Record<string, () => unknown> = {
      path: () => socket.connect(path),
      'no path': () => socket.connect(`${path}-none`),
      address: () => socket.connect(port, '127.0.0.1'),
      'other address': () => socket.connect(port, '::1'),
      'local address': () => socket.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' }),
      name: () => socket.connect({ port, host: 'a.test', lookup } as never),
      destroy: () => socket.destroy(),
      reset: () => socket.resetAndDestroy(),
      end: () => socket.end(),
      write: () => socket.write('x'),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    };
    const done: string[] = [];
    for (let step = 0; step < STEPS_OF_ONE && failures.length === 0; step++) {
      const name = random.pick(Object.keys(steps));
      done.push(name);
      try {
        steps[name]();
      } catch (error) {
        // Errors that node:net throws have a code too.
        if (typeof (error as { code?: unknown }).code !== 'string') {
          failures.push(`${(error as Error).stack}`);
        }
      }
      for (let turns = random.integer(0, 2); turns > 0 && random.chance(0.5); turns--) {
        await nextTurn();
      }
    }
    if (!socket.closed) {
      const closed = nextEvent(socket, 'close');
      socket.destroy();
      await closed;
    }
    if (failures.length > 0) throw new Error([`seed ${seed}`, ...done, ...failures].join('\n'));
  }

  const tests = modelTests({ steps: 10_000, stepsOfOne: STEPS_OF_ONE, onesOfTest: 100 });
  test.each(tests)(
    'sockets of the seeds $first to $last do what the model does',
    async ({ first, last }) => {
      const tcp = await scope.listen(
        scope.server((socket) => socket.on('error', () => {}).resume()),
      );
      const unix = scope.server((socket) => socket.on('error', () => {}).resume());
      await scope.listen(unix, scope.listenOptions('unix'));
      const { path } = endpointOf(unix) as { path: string };
      for (let seed = first; seed <= last; seed++) await play(seed, portOf(tcp), path);
    },
  );
});
