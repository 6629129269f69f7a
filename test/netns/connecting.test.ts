// Connecting over dead, refusing or slow routes with real kernels: the guarantees of
// docs/CONNECTING.md, and the behaviour of node:net in the same situations.
import { runChild } from '../helpers/child';
import { dialFrom, FarServer, type Dial, type DialReport } from '../helpers/dialing';
import { reference, uvnet } from '../helpers/implementations';
import { describeNeeds } from '../helpers/needs';
import { NetworkLab } from '../helpers/netns';

const DELAY = 250;
/** By then the kernel has not given up on a dead address. */
const KERNEL_WAITS_MS = 2_900;

describeNeeds(NetworkLab.unavailable())('connecting', () => {
  let lab: NetworkLab;
  let server: FarServer;
  // The name of an address describes its behaviour.
  const live: string[] = [];
  const dead: string[] = [];
  const refused: string[] = [];
  const slow: string[] = [];
  let prohibited = '';

  beforeAll(async () => {
    lab = new NetworkLab({ ipv4: 10, ipv6: 10 });
    for (const family of [lab.ipv6, lab.ipv4]) {
      const [a, b, c, d, e, f, g, h] = family as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      live.push(a);
      refused.push(b);
      slow.push(c, d);
      dead.push(e, f, g, h);
      lab.reject(b);
      for (const address of [c, d]) lab.dropFirstSyn(address);
      for (const address of [e, f, g, h]) lab.drop(address);
    }
    prohibited = lab.ipv4[8]!;
    lab.reject(prohibited, 'prohibited');
    // The kernel gives up on a dead address after 3 seconds, and not after 2 minutes.
    lab.setNear('net.ipv4.tcp_syn_retries', 1);
    server = await new FarServer(lab).ready();
  });

  afterAll(async () => {
    await server?.stop();
    lab?.dispose();
  });

  const dial = (what: Omit<Dial, 'port'>, implementation = uvnet!): Promise<DialReport> =>
    dialFrom(lab, implementation, {
      port: server.port,
      ...what,
      options: { autoSelectFamilyAttemptTimeout: DELAY, ...what.options },
    });
  const at = ({ events }: DialReport, name: string, address?: string): number =>
    events.find(
      (event) => event.name === name && (address === undefined || event.address === address),
    )!.at;
  const names = ({ events }: DialReport): string[] => events.map(({ name }) => name);

  describe('connecting with a black-holed first address', () => {
    test.each([reference, uvnet!])('costs one attempt delay ($name)', async (implementation) => {
      const report = await dial({ addresses: [dead[0], live[1]] }, implementation);
      expect(report.remoteAddress).toBe(live[1]);
      expect(report.took).toBeGreaterThan(DELAY * 0.8);
      expect(names(report).filter((name) => name === 'attemptTimeout')).toHaveLength(1);
      expect(report.left).toBe(0);
    });
  });

  describe('with a first address that answers after a second, and a black-holed second one', () => {
    const delays = [250, 100, 10];
    const orders: [string, () => string[]][] = [
      ['IPv6 first', () => [slow[0], dead[4]]],
      ['IPv4 first', () => [slow[2], dead[0]]],
    ];
    const cases = orders.flatMap(([order, addresses]) =>
      delays.map((delay) => ({ order, addresses, delay })),
    );

    test.each(cases)('uvnet connects ($order, $delay ms)', async ({ addresses, delay }) => {
      const report = await dial({
        addresses: addresses(),
        options: { autoSelectFamilyAttemptTimeout: delay },
      });
      expect(report.error).toBeUndefined();
      expect(report.remoteAddress).toBe(addresses()[0]);
      expect(report.took).toBeGreaterThan(900);
      expect(names(report)).toEqual([
        'lookup',
        'lookup',
        'attempt',
        'attemptTimeout',
        'attempt',
        'connect',
        'close',
      ]);
      expect(report.most).toBe(2);
      expect(report.connected).toBe(1);
      expect(report.left).toBe(0);
    });

    test('node:net fails in all of these', async () => {
      const reports = await Promise.all(
        cases.map(({ addresses, delay }) => {
          const options = { autoSelectFamilyAttemptTimeout: delay };
          return dial({ addresses: addresses(), options }, reference);
        }),
      );
      for (const { error } of reports) {
        expect(error).toMatchObject({ name: 'AggregateError', code: 'ETIMEDOUT', message: '' });
      }
    });

    test('the sequential strategy fails as node:net does', async () => {
      const what = {
        addresses: [slow[0], dead[4]],
        options: { autoSelectFamilyStrategy: 'sequential' },
      };
      const [ours, theirs] = await Promise.all([dial(what), dial(what, reference)]);
      expect(ours.error).toEqual(theirs.error);
      expect(names(ours)).toEqual(names(theirs));
      expect(ours.attempted).toEqual(theirs.attempted);
      expect(ours.most).toBe(1);
    });
  });

  test('the second attempt starts at once if the first address refuses', async () => {
    for (const addresses of [
      [refused[0], live[1]],
      [refused[1], live[0]],
    ]) {
      const delay = 10_000;
      const report = await dial({ addresses, options: { autoSelectFamilyAttemptTimeout: delay } });
      expect(report.remoteAddress).toBe(addresses[1]);
      expect(at(report, 'attempt', addresses[1])).toBeLessThan(delay);
    }
  });

  test('an attempt that fails while another runs starts the next one at once', async () => {
    const addresses = [dead[0], refused[1], live[0]];
    const delay = 1_000;
    const report = await dial({ addresses, options: { autoSelectFamilyAttemptTimeout: delay } });
    expect(report.remoteAddress).toBe(live[0]);
    expect(at(report, 'attempt', live[0])).toBeLessThan(at(report, 'attemptFailed') + delay);
  });

  test('a live address behind eight dead ones is reached', async () => {
    const report = await dial({ addresses: [...dead, live[1]] });
    expect(report.remoteAddress).toBe(live[1]);
    expect(names(report).filter((name) => name === 'attemptTimeout')).toHaveLength(8);
    expect(report.most).toBe(4);
    expect(report.connected).toBe(1);
    expect(report.left).toBe(0);
    // The attempts that were closed in favour of newer ones, oldest first.
    const gaveWay = report.events.filter(({ name }) => name === 'attemptFailed');
    expect(gaveWay.map(({ code }) => code)).toEqual(Array(5).fill('ETIMEDOUT'));
    expect(report.attempted).toHaveLength(9);
    expect(lab.sockets('far').filter(({ state }) => state === 'SYN-RECV')).toEqual([]);
  });

  test('connectConcurrency limits the attempts at a time', async () => {
    const options = { connectConcurrency: 2, autoSelectFamilyAttemptTimeout: 20 };
    const report = await dial({ addresses: [...dead, live[1]], options });
    expect(report.remoteAddress).toBe(live[1]);
    expect(report.most).toBe(2);
  });

  test('two addresses that answer at the same time leave one connection', async () => {
    const before = server.accepted;
    const options = { autoSelectFamilyAttemptTimeout: 10 };
    const report = await dial({ addresses: [slow[0], slow[2], slow[1], slow[3]], options });
    expect(slow).toContain(report.remoteAddress);
    expect(report.connected).toBe(1);
    expect(names(report).filter((name) => name === 'connect')).toHaveLength(1);
    expect(report.left).toBe(0);
    expect(server.accepted - before).toBeGreaterThanOrEqual(1);
    expect(lab.sockets('near')).toEqual([]);
  });

  test('one error names each address if all are dead', async () => {
    const addresses = [refused[0], refused[1], prohibited, dead[4]];
    const report = await dial({ addresses });
    const { port } = server;
    expect(report.error).toEqual({
      name: 'AggregateError',
      code: 'ECONNREFUSED',
      message:
        'All connection attempts failed: ' +
        `${refused[0]}:${port} ECONNREFUSED, ${refused[1]}:${port} ECONNREFUSED, ` +
        `${prohibited}:${port} EHOSTUNREACH, ${dead[4]}:${port} ETIMEDOUT`,
      codes: ['ECONNREFUSED', 'ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT'],
    });
    expect(report.left).toBe(0);
  });

  test('connectTimeout limits the whole race', async () => {
    const connectTimeout = 1000;
    const report = await dial({ addresses: dead.slice(2, 6), options: { connectTimeout } });
    expect(report.error).toMatchObject({ name: 'AggregateError', code: 'ETIMEDOUT' });
    expect(report.took).toBeGreaterThan(connectTimeout * 0.95);
    expect(report.took).toBeLessThan(KERNEL_WAITS_MS);
    expect(report.left).toBe(0);
  });

  test('connectTimeout with one address gives the error of that address', async () => {
    const report = await dial({ addresses: [dead[0]], options: { connectTimeout: 200 } });
    expect(report.error).toEqual({
      name: 'Error',
      code: 'ETIMEDOUT',
      message: `connect ETIMEDOUT ${dead[0]}:${server.port}`,
    });
    expect(report.took).toBeLessThan(KERNEL_WAITS_MS);
  });

  test('a local address restricts the race to its family', async () => {
    const options = { localAddress: lab.nearIpv4 };
    const report = await dial({ addresses: [live[0], dead[4], live[1]], options });
    expect(report.remoteAddress).toBe(live[1]);
    expect(report.attempted).toEqual([`${dead[4]}:${server.port}`, `${live[1]}:${server.port}`]);
  });

  describe('destroyed inside an event, the race ends there', () => {
    const addresses = (): string[] => [refused[0], dead[4], dead[0], slow[2]];
    test.each([
      ['lookup', 1],
      ['lookup', 4],
      ['attempt', 1],
      ['attemptFailed', 1],
      ['attempt', 2],
      ['attemptTimeout', 1],
      ['attempt', 3],
      ['attemptTimeout', 2],
      ['attempt', 4],
      ['connect', 1],
    ])('destroy() in %s, time %d, ends the race', async (event, nth) => {
      const report = await dial({ addresses: addresses(), destroyIn: { event, nth } });
      const all = names(report);
      const last = all.lastIndexOf(event);
      expect(all.filter((name) => name === event)).toHaveLength(nth);
      expect(all.slice(last + 1)).toEqual(['close']);
      expect(report.error).toBeUndefined();
      expect(report.left).toBe(0);
      expect(lab.sockets('near')).toEqual([]);
    });
  });

  test('an aborted signal ends the race', async () => {
    const outcome = await runChild(
      uvnet!,
      ({ net, args }) => {
        const [addresses] = args as unknown as [string[]];
        const controller = new AbortController();
        const answer = addresses.map((address) => ({ address, family: 4 }));
        const socket = net.connect({
          host: 'lab.example',
          port: 9,
          signal: controller.signal,
          autoSelectFamilyAttemptTimeout: 20,
          lookup: (_host: string, _options: unknown, done: (...result: unknown[]) => void) =>
            done(null, answer),
        } as never);
        socket.on('connectionAttemptTimeout', () => controller.abort());
        socket.on('error', (error) => console.log(error.name));
        socket.on('close', () => console.log('close'));
      },
      { args: [dead.slice(4)], under: lab.near },
    );
    expect(outcome).toMatchObject({ code: 0, stdout: 'AbortError\nclose\n', stderr: '' });
  });

  test('a worker may be terminated in the middle of races', async () => {
    const outcome = await runChild(
      uvnet!,
      ({ require, args }) => {
        const { Worker } = require('node:worker_threads') as typeof import('node:worker_threads');
        const [addresses, entry] = args as unknown as [string[], string];
        const program = `
          const net = require(${JSON.stringify(entry)});
          const { parentPort } = require('node:worker_threads');
          const answer = ${JSON.stringify(addresses)}.map((address) => ({ address, family: 4 }));
          for (let i = 0; i < 5; i++) {
            const socket = net.connect({
              host: 'lab.example', port: 9, connectTimeout: 60_000,
              autoSelectFamilyAttemptTimeout: 20, dualLookup: i % 2 === 0,
              lookup: (host, options, done) => done(null, answer),
            });
            socket.on('connectionAttemptTimeout', () => parentPort.postMessage('late'));
          }`;
        const worker = new Worker(program, { eval: true });
        worker.once('message', () => {
          void worker.terminate().then((code) => console.log('terminated', code));
        });
      },
      { args: [dead.slice(4), uvnet!.entry], under: lab.near },
    );
    expect(outcome).toMatchObject({ code: 0, stdout: 'terminated 1\n', stderr: '' });
  });

  // libuv counts a connect that is under way as a reason to go on, in node:net as well; what unref()
  // must do is to reach the handle that wins.
  test('unref() during a race applies to the winner', async () => {
    const outcome = await runChild(
      uvnet!,
      ({ net, args }) => {
        const [addresses, port] = args as unknown as [string[], number];
        const answer = addresses.map((address) => ({ address, family: 4 }));
        const socket = net.connect({
          host: 'lab.example',
          port,
          autoSelectFamilyAttemptTimeout: 20,
          lookup: (_host: string, _options: unknown, done: (...result: unknown[]) => void) =>
            done(null, answer),
        } as never);
        // Now an attempt runs, the next one is about to start, and the timer will be set again.
        socket.once('connectionAttemptTimeout', () => socket.unref());
        socket.on('connect', () => console.log('connect'));
        process.on('exit', () => console.log(socket.readyState));
      },
      { args: [[dead[4], dead[5], live[1]], server.port], under: lab.near },
    );
    expect(outcome).toMatchObject({ code: 0, stdout: 'connect\nopen\n', stderr: '' });
  });
});
